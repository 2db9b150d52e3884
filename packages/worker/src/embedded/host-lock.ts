import { TaskError } from '@summit/maestro-sdk';
import { loadSqlite } from './load-sqlite.ts';

/** Held by the one process that runs the server and the worker of a `.maestro` folder. */
export interface HostLock {
  release(): void;
}

/**
 * Takes the lock on `file`, or returns undefined while another process has it. The lock is SQLite's on the file:
 * the kernel lets go of it when its process dies, however that happens, so there is nothing stale to clean up.
 */
export async function takeHostLock(file: string): Promise<HostLock | undefined> {
  const { DatabaseSync } = await loadSqlite();
  let database: InstanceType<typeof DatabaseSync>;
  try {
    database = new DatabaseSync(file);
  } catch (cause) {
    throw TaskError.terminal(
      'STATE_FOLDER_UNUSABLE',
      `${file} cannot be opened: ${(cause as Error).message}; check that the folder exists and is writable`,
      { cause },
    );
  }
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw TaskError.terminal('STATE_FOLDER_UNUSABLE', `${file} cannot be locked: ${(error as Error).message}`, { cause: error });
  }
  return { release: () => database.close() };
}

const SQLITE_BUSY = 5;
