import { relative } from 'node:path';
import { isTaskError } from '../errors.ts';
import { readCatalog } from './catalog.ts';
import { taskPackage } from './task-package.ts';
import { writeAtomically } from './write.ts';

/** Where the command runs and what it prints to. */
export interface ContractsIo {
  /** The task package's folder. */
  cwd: string;
  out(line: string): void;
  err(line: string): void;
}

const USAGE = `Usage: maestro-contracts

Run in the folder of a built task package. Imports the module its package.json names as "maestro": { "tasks" },
checks what its tasks declare, and writes their contracts as JSON to the file named by "contracts" beside it.`;

/** The command `maestro-contracts`: resolves to its exit code, 0 when the file is written, 1 when something is wrong with the package. */
export async function runContracts(argv: readonly string[], io: ContractsIo): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    io.out(USAGE);
    return 0;
  }
  if (argv.length > 0) {
    io.err(`maestro-contracts: unknown argument "${argv[0]}"; it takes none\n${USAGE}`);
    return 1;
  }
  try {
    const found = await taskPackage(io.cwd);
    const { contracts, problems } = await readCatalog(found);
    if (problems.length > 0) {
      for (const problem of problems) io.err(`maestro-contracts: ${problem}`);
      io.err(
        `maestro-contracts: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in ${found.name}; nothing was written`,
      );
      return 1;
    }
    await writeAtomically(found.contracts, `${JSON.stringify(contracts, null, 2)}\n`);
    io.out(
      `${contracts.length} ${contracts.length === 1 ? 'contract' : 'contracts'} of ${found.name} in ${relative(io.cwd, found.contracts)}`,
    );
    return 0;
  } catch (error) {
    if (!isTaskError(error)) throw error;
    io.err(`maestro-contracts: ${error.message} [${error.code}]`);
    return 1;
  }
}
