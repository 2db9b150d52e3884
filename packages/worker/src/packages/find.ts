import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TaskError } from '@summit/maestro-sdk';

/** An installed npm package that carries tasks, found by the `maestro` field of its package.json. */
export interface TaskPackage {
  /** Name (or alias) it was asked for by. */
  name: string;
  /** What it calls itself. */
  ownName: string;
  version: string;
  /** The folder of the package. */
  root: string;
  /** Module that exports `tasks`. */
  tasks: string;
  /** JSON file with the tasks' contracts, where the package ships one. */
  contracts?: string;
}

/**
 * Finds the package `name` as seen from the folder `from`, or else as seen from this package
 * (which makes a globally installed `maestro` find the tasks installed with it).
 * `name` may be a path to a package's folder, starting with `.` or `/`.
 * Throws `PACKAGE_NOT_FOUND` or `PACKAGE_WITHOUT_TASKS`.
 */
export function findPackage(name: string, from: string): TaskPackage {
  const file = manifestFile(name, from);
  if (file === undefined) {
    throw TaskError.terminal(
      'PACKAGE_NOT_FOUND',
      `task package "${name}" is not installed in ${from}; install it with npm, or correct "packages" in the configuration`,
    );
  }
  const {
    name: ownName = name,
    version,
    maestro,
  } = JSON.parse(readFileSync(file, 'utf8')) as {
    name?: string;
    version?: string;
    maestro?: { tasks?: unknown; contracts?: unknown };
  };
  if (typeof maestro?.tasks !== 'string') {
    throw TaskError.terminal(
      'PACKAGE_WITHOUT_TASKS',
      `package "${name}" carries no tasks: its package.json has no "maestro": { "tasks": "<module>" } (${file})`,
    );
  }
  const root = dirname(file);
  const found: TaskPackage = { name, ownName, version: version ?? '0.0.0', root, tasks: join(root, maestro.tasks) };
  if (typeof maestro.contracts === 'string') found.contracts = join(root, maestro.contracts);
  return found;
}

function manifestFile(name: string, from: string): string | undefined {
  if (name.startsWith('.') || name.startsWith('/')) return readable(resolve(from, name, 'package.json'));
  for (const base of [pathToFileURL(join(from, 'package.json')), import.meta.url]) {
    try {
      const file = findPackageJSON(name, base);
      if (file !== undefined) return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    }
  }
  return undefined;
}

function readable(file: string): string | undefined {
  try {
    readFileSync(file);
    return file;
  } catch {
    return undefined;
  }
}
