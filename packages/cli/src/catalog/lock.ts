import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type Catalog,
  compareLock,
  type Diagnostic,
  type LintOptions,
  LOCK_FILE,
  type Lock,
  lockOf,
  parseLock,
  rules,
} from '@summit/maestro-manifest';
import type { TaskContract } from '@summit/maestro-sdk';
import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import { CliError, systemCode, systemReason } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { showDiagnostics } from '../render/diagnostics.ts';
import { count } from '../text.ts';
import { shownPath } from './files.ts';

/** The lock file of a catalog, which may not be there. */
export interface LockFile {
  /** Absolute. */
  path: string;
  /** As people know it. */
  shown: string;
  /** Absent where there is no such file. */
  text?: string;
  /** Absent where there is none, or it is broken. */
  lock?: Lock;
  /** What is wrong with it. */
  diagnostics: Diagnostic[];
}

/** The folder of the lock file: the first catalog that is not an installed package, because what is written there would be lost. One lock file covers all catalogs. */
export function lockFolder({ catalogs, root }: ResolvedConfig): string {
  return catalogs.find((folder) => !folder.split(path.sep).includes('node_modules')) ?? root;
}

/** Reads the lock file in a folder. Throws `LOCK_UNREADABLE`. */
export async function readLockFile(folder: string, cwd: string): Promise<LockFile> {
  const file = path.join(folder, LOCK_FILE);
  const shown = shownPath(file, cwd);
  try {
    const text = await readFile(file, 'utf8');
    return { path: file, shown, text, ...parseLock({ path: shown, text }) };
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR') return { path: file, shown, diagnostics: [] };
    throw new CliError(`the lock file ${shown} cannot be read: ${systemReason(cause)}`, {
      code: 'LOCK_UNREADABLE',
      next: 'make it readable, or remove it and write it again with `maestro lock`',
      cause,
    });
  }
}

/** How manifests are checked under a lock. Of a broken one nobody knows what it says of ranges. */
export function lintOptions({ lock, diagnostics }: LockFile): LintOptions {
  if (diagnostics.length === 0) return { lock };
  return { lock, rules: rules.map(({ code }) => code).filter((code) => code !== 'floating-version') };
}

/** What the command checks or runs, with its lock. */
interface Locked {
  catalog: Catalog;
  contracts: readonly TaskContract[];
  lockFile: LockFile;
}

/** The lock that is in force, if there is one. Shows what is wrong with a broken one and throws `LOCK_BROKEN`. */
export function lockInForce(
  { lockFile }: Pick<Locked, 'lockFile'>,
  context: Context,
  exitCode: ExitCode = exit.couldNotRun,
): Lock | undefined {
  const { diagnostics, shown, text = '' } = lockFile;
  if (diagnostics.length === 0) return lockFile.lock;
  showDiagnostics(diagnostics, [{ path: shown, text }], 'pretty', context.terminal.err);
  throw new CliError(`the lock file ${shown} is broken, see above`, {
    code: 'LOCK_BROKEN',
    next: 'write it again with `maestro lock`, or bring back the one that was committed',
    exitCode,
  });
}

/** Throws unless everything is as the lock file says: `LOCK_MISSING` or `LOCK_DEVIATES`, which names every deviation; or `LOCK_BROKEN`. */
export function requireLocked(loaded: Locked, context: Context): void {
  const { catalog, contracts, lockFile } = loaded;
  const lock = lockInForce(loaded, context, exit.failed);
  if (lock === undefined) {
    throw new CliError(`there is no lock file: ${lockFile.shown}`, {
      code: 'LOCK_MISSING',
      next: 'write it with `maestro lock` and keep it with the manifests',
      exitCode: exit.failed,
    });
  }
  const deviations = compareLock(lock, lockOf(catalog, contracts, lock));
  if (deviations.length === 0) return;
  throw new CliError(`${count(deviations.length, 'deviation')} from ${lockFile.shown}`, {
    code: 'LOCK_DEVIATES',
    problems: deviations.map(({ message }) => message),
    next: 'nothing was done: correct what deviates, or write the lock file again with `maestro lock`',
    exitCode: exit.failed,
  });
}
