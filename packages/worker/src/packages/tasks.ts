import { pathToFileURL } from 'node:url';
import { contractOf, type DeclaredTask, type TaskContract, TaskError } from '@summit/maestro-sdk';
import { findPackage, type TaskPackage } from './find.ts';

/** A task with the contract its code declares. */
export interface InstalledTask {
  task: DeclaredTask;
  contract: TaskContract;
}

/** All tasks of a worker, by name and version. */
export class TaskRegistry {
  /** By name, then by version. */
  readonly #tasks = new Map<string, Map<string, InstalledTask>>();

  constructor(tasks: Iterable<DeclaredTask>) {
    for (const task of tasks) {
      const { name, version } = task;
      const versions = this.#tasks.get(name) ?? new Map<string, InstalledTask>();
      if (versions.has(version))
        throw TaskError.terminal('TASK_DUPLICATE', `task ${name}@${version} is installed twice; keep one of the packages that carry it`);
      this.#tasks.set(name, versions.set(version, { task, contract: contractOf(task) }));
    }
  }

  /** The task that a plan pinned, or undefined when it is missing or its contract is another one. */
  get(uses: { name: string; version: string; digest: string }): InstalledTask | undefined {
    const installed = this.#tasks.get(uses.name)?.get(uses.version);
    return installed?.contract.digest === uses.digest ? installed : undefined;
  }

  contracts(): TaskContract[] {
    return [...this.#tasks.values()].flatMap((versions) => Array.from(versions.values(), ({ contract }) => contract));
  }
}

/** Imports the tasks of all `packages`, as seen from the folder `from`. Throws as {@link findPackage}, and `PACKAGE_BROKEN`. */
export async function loadTasks(packages: readonly string[], from: string): Promise<TaskRegistry> {
  const lists = await Promise.all(packages.map((name) => importTasks(findPackage(name, from))));
  return new TaskRegistry(lists.flat());
}

/** Imports the tasks of one package. */
export async function importTasks(found: TaskPackage): Promise<DeclaredTask[]> {
  let module: { tasks?: unknown };
  try {
    module = (await import(pathToFileURL(found.tasks).href)) as { tasks?: unknown };
  } catch (cause) {
    throw TaskError.terminal(
      'PACKAGE_BROKEN',
      `package "${found.name}" cannot be imported: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  if (!Array.isArray(module.tasks))
    throw TaskError.terminal('PACKAGE_BROKEN', `package "${found.name}" exports no list "tasks" (${found.tasks})`);
  return module.tasks as DeclaredTask[];
}
