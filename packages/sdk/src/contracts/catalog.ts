import { stat } from 'node:fs/promises';
import { dirname, extname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TaskContract } from '../contract.ts';
import { contractOf } from '../contract-of.ts';
import { taskLabel } from '../declaration.ts';
import { TaskError } from '../errors.ts';
import type { DeclaredTask } from '../task.ts';
import type { TaskPackage } from './task-package.ts';

/** The contracts of a package, in order of name and version, and everything that is wrong with its tasks. */
export interface Catalog {
  contracts: TaskContract[];
  problems: string[];
}

/** Imports and checks the tasks of a package. Throws `PACKAGE_NOT_BUILT` or `PACKAGE_BROKEN` when there is no list to check. */
export async function readCatalog(found: TaskPackage): Promise<Catalog> {
  const module = await importModule(found, found.tasks);
  const { tasks } = module;
  const shown = relative(found.root, found.tasks);
  if (!Array.isArray(tasks))
    throw TaskError.terminal('PACKAGE_BROKEN', `${shown} exports no list "tasks"; expected export const tasks = [...]`);
  if (tasks.length === 0)
    throw TaskError.terminal('PACKAGE_BROKEN', `${shown} exports an empty list "tasks"; list the package's tasks in it`);

  const problems: string[] = [];
  const contracts = new Map<string, TaskContract>();
  for (const task of tasks as readonly DeclaredTask[]) {
    try {
      const contract = contractOf(task);
      const key = `${contract.name}@${contract.version}`;
      if (contracts.has(key)) problems.push(`${key} is listed twice; a task's version moves whenever its contract does`);
      contracts.set(key, contract);
      problems.push(...(await placeProblems(found, module, task)));
    } catch (error) {
      problems.push(error instanceof TaskError ? error.message : `${taskLabel(task)}: ${String(error)}`);
    }
  }
  const order = (a: TaskContract, b: TaskContract) => compare(a.name, b.name) || compare(a.version, b.version);
  return { contracts: [...contracts.values()].sort(order), problems };
}

/** A task is the default export of the file called after it, and exported by name from the package. */
async function placeProblems(found: TaskPackage, module: Record<string, unknown>, task: DeclaredTask): Promise<string[]> {
  const base = join(dirname(found.tasks), ...task.name.split('/'));
  const extension = extname(found.tasks);
  // Where one package carries several versions of a task, the older ones have theirs in their file's name.
  const candidates = [base + extension, `${base}@${task.version}${extension}`];
  const files: string[] = [];
  for (const candidate of candidates) if (await isFile(candidate)) files.push(candidate);
  const expected = relative(found.root, base + extension);
  if (files.length === 0)
    return [`${taskLabel(task)}: its file is not called after it: expected ${expected} with the task as default export`];
  for (const file of files) {
    if ((await importModule(found, file)).default !== task) continue;
    const name = exportName(task.name);
    const newest = file === candidates[0];
    return !newest || module[name] === task
      ? []
      : [`${taskLabel(task)}: ${relative(found.root, found.tasks)} does not export it as "${name}"`];
  }
  return [`${taskLabel(task)}: ${relative(found.root, files[0] ?? base)} exports something else by default; expected the task`];
}

/** `connectors/kafka.publish` -> `kafkaPublish` */
function exportName(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1);
  return last.replace(/[.-]([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

async function importModule(found: TaskPackage, file: string): Promise<Record<string, unknown>> {
  const shown = relative(found.root, file);
  if (!(await isFile(file))) throw TaskError.terminal('PACKAGE_NOT_BUILT', `${shown} does not exist; build ${found.name} first`);
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw TaskError.terminal('PACKAGE_BROKEN', `${shown} cannot be imported: ${why}`, { cause });
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw error;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
