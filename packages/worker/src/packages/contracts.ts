import { readFile } from 'node:fs/promises';
import { contractOf, type TaskContract, TaskError } from '@summit/maestro-sdk';
import { findPackage, type TaskPackage } from './find.ts';
import { importTasks } from './tasks.ts';

/**
 * The contracts of all tasks in `packages`, as seen from the folder `from`: read from the JSON file a package ships,
 * so that checking a runbook runs no task code; a package without one is imported.
 * Throws `PACKAGE_NOT_FOUND`, `PACKAGE_WITHOUT_TASKS`, `CONTRACTS_UNREADABLE` or `TASK_DUPLICATE`.
 */
export async function loadContracts(packages: readonly string[], from: string): Promise<TaskContract[]> {
  const contracts: TaskContract[] = [];
  const owner = new Map<string, string>();
  for (const name of packages) {
    const found = findPackage(name, from);
    for (const contract of await contractsOf(found)) {
      const key = `${contract.name}@${contract.version}`;
      const other = owner.get(key);
      if (other !== undefined)
        throw TaskError.terminal('TASK_DUPLICATE', `task ${key} is in two packages, "${other}" and "${name}"; keep one of them`);
      owner.set(key, name);
      contracts.push(contract);
    }
  }
  return contracts;
}

async function contractsOf(found: TaskPackage): Promise<TaskContract[]> {
  if (found.contracts === undefined) return (await importTasks(found)).map((task) => contractOf(task));
  try {
    return JSON.parse(await readFile(found.contracts, 'utf8')) as TaskContract[];
  } catch (cause) {
    throw TaskError.terminal(
      'CONTRACTS_UNREADABLE',
      `contracts of package "${found.name}" cannot be read (${found.contracts}); rebuild it with maestro-contracts`,
      { cause },
    );
  }
}
