import { readFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { TaskError } from '../errors.ts';

/** What a task package's package.json says about its tasks, as absolute paths. */
export interface TaskPackage {
  name: string;
  root: string;
  /** Module that exports `tasks`. */
  tasks: string;
  /** Where the contracts are written. */
  contracts: string;
}

/** Reads the package.json in `root`. Throws `PACKAGE_UNREADABLE` or `PACKAGE_WITHOUT_TASKS`. */
export async function taskPackage(root: string): Promise<TaskPackage> {
  const file = join(root, 'package.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw TaskError.terminal(
      'PACKAGE_UNREADABLE',
      `${file} cannot be read (${code}); run maestro-contracts in the folder of a task package`,
      { cause },
    );
  }
  let manifest: { name?: unknown; maestro?: { tasks?: unknown; contracts?: unknown } } | null;
  try {
    manifest = JSON.parse(text) as typeof manifest;
  } catch (cause) {
    throw TaskError.terminal('PACKAGE_UNREADABLE', `${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const inside = (field: 'tasks' | 'contracts', example: string): string => {
    const value = manifest?.maestro?.[field];
    if (typeof value !== 'string' || value === '') {
      throw TaskError.terminal(
        'PACKAGE_WITHOUT_TASKS',
        `${file}: "maestro": { "${field}" } is missing; add it, e.g. "${field}": "${example}"`,
      );
    }
    const path = resolve(root, value);
    const step = relative(root, path);
    if (step === '' || step === '..' || step.startsWith(`..${sep}`)) {
      throw TaskError.terminal(
        'PACKAGE_WITHOUT_TASKS',
        `${file}: "maestro": { "${field}": "${value}" } leads out of the package; expected e.g. "${example}"`,
      );
    }
    return path;
  };
  return {
    name: typeof manifest?.name === 'string' ? manifest.name : root,
    root,
    tasks: inside('tasks', './dist/index.js'),
    contracts: inside('contracts', './dist/contracts.json'),
  };
}
