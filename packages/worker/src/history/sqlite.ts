import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { TaskError } from '@summit/maestro-sdk';
import { loadSqlite } from '../embedded/load-sqlite.ts';

/** How long a statement waits for another process that writes, in milliseconds. The thread stands still meanwhile. */
const BUSY_MS = 100;
/** Pages after which the write-ahead log is brought into the file: seldom, for that waits for the disk. */
const CHECKPOINT_PAGES = 4_000;

const CODES: Record<number, string> = {
  5: 'locked',
  6: 'locked',
  8: 'read-only',
  10: 'io',
  11: 'broken',
  13: 'full',
  14: 'unusable',
  26: 'broken',
};

/** Why SQLite refuses: `locked` passes by itself. Undefined for an error that is not SQLite's. */
export function sqliteReason(error: unknown): string | undefined {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  if (code !== 'ERR_SQLITE_ERROR' || typeof errcode !== 'number') return undefined;
  // The low byte is the kind, what is above it the variety.
  return CODES[errcode & 0xff] ?? 'other';
}

/** How a file is opened. */
export interface SqliteOptions {
  /** `PRAGMA max_page_count`: the file takes no more than so many pages of 4 KiB. */
  maxPages?: number;
  readOnly?: boolean;
}

/** Opens a file of ours; `kind` tells the kinds of files apart (`PRAGMA application_id`). Throws SQLite's errors, and `HISTORY_FOREIGN`. */
export async function openSqlite(file: string, kind: number, { maxPages, readOnly = false }: SqliteOptions = {}): Promise<DatabaseSync> {
  const { DatabaseSync } = await loadSqlite();
  const database = new DatabaseSync(file, { timeout: BUSY_MS, readOnly });
  try {
    const id = Number(one(database, 'pragma application_id'));
    const tables = Number(one(database, 'select count(*) from sqlite_schema'));
    if (id !== kind && (id !== 0 || tables > 0)) {
      throw TaskError.terminal('HISTORY_FOREIGN', `${file} is an SQLite file of something else; configure another path`);
    }
    if (readOnly) return database;
    // Before the first table: afterwards the space of what is forgotten could not be given back.
    if (tables === 0) database.exec('pragma auto_vacuum = incremental');
    database.exec('pragma journal_mode = wal');
    // In WAL mode this survives the death of the process at any moment; after a power failure the last transactions may be missing.
    database.exec(`pragma synchronous = normal; pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    if (id === 0) database.exec(`pragma application_id = ${kind}`);
    if (maxPages !== undefined) database.exec(`pragma max_page_count = ${maxPages}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** How long a lock of another process is waited for, and how often it is tried, in milliseconds. */
export const PATIENCE_MS = 5_000;
export const LOCKED_AGAIN_MS = 25;
/** What passes between two tries of a process that is well, at most, in milliseconds. */
const BETWEEN_TRIES_MS = 4 * (BUSY_MS + LOCKED_AGAIN_MS);

/**
 * How long a lock is waited for. Time in which this process was stopped or had no processor does not count: it says nothing about the
 * process that has the lock.
 */
export class Patience {
  readonly #ms: number;
  #waited = 0;
  #lastTry: number | undefined;

  constructor(ms = PATIENCE_MS) {
    this.#ms = ms;
  }

  /** Counts a try that found the lock taken; whether it was one too many. */
  isOver(): boolean {
    const now = performance.now();
    if (this.#lastTry !== undefined) this.#waited += Math.min(now - this.#lastTry, BETWEEN_TRIES_MS);
    this.#lastTry = now;
    return this.#waited >= this.#ms;
  }
}

/** Opens a file that another process may be making just now: SQLite does not wait for every kind of lock itself. */
export async function whileLocked<T>(open: () => Promise<T>, patienceMs?: number): Promise<T> {
  const patience = new Patience(patienceMs);
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (sqliteReason(error) !== 'locked' || patience.isOver()) throw error;
      await delay(LOCKED_AGAIN_MS);
    }
  }
}

/** The only value of the only row. */
export function one(database: DatabaseSync, sql: string): unknown {
  return Object.values(database.prepare(sql).get() ?? {})[0];
}

/** Does `work` in a transaction that writes; all of it or nothing. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('begin immediate');
  try {
    const result = work();
    database.exec('commit');
    return result;
  } catch (error) {
    // A full disk has SQLite roll back by itself.
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

/** What tells a file from another one that has taken its path; undefined when it is gone. */
export function fileIdentity(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}
