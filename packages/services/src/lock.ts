import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from './cache.ts';

const POLL_MS = 50;
const SQLITE_BUSY = 5;

/**
 * Runs `work` while no other process (nor another call in this one) runs any under the same name. The lock is SQLite's own on a
 * file, which the operating system lets go when its holder dies, however it dies: there is nothing stale to clean up.
 * Rejects after `waitMs` without it.
 */
export async function locked<T>(name: string, work: () => Promise<T>, waitMs = 15 * 60_000): Promise<T> {
  const file = join(cacheFolder('locks'), `${name}.sqlite`);
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    const deadline = Date.now() + waitMs;
    while (!taken(database)) {
      if (Date.now() > deadline) throw new Error(`${file} is locked by another process for more than ${waitMs / 1000} s`);
      await sleep(POLL_MS);
    }
    return await work();
  } finally {
    database.close();
  }
}

function taken(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
