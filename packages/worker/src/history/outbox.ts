import type { DatabaseSync } from 'node:sqlite';
import { TaskError } from '@summit/maestro-sdk';
import type { RunEvent } from '../run.ts';
import type { EventStore } from './recorder.ts';
import { fileIdentity, inTransaction, one, openSqlite, type SqliteOptions } from './sqlite.ts';

/** `MstO`: tells our files from others. */
const KIND = 0x4d73744f;
const VERSION = 1;
/** Bytes of JSON that are read at once, about. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Events on their way, in order. */
export interface OutboxBatch {
  positions: number[];
  events: RunEvent[];
  /** How many events of which runs will never come. */
  lost: Map<string, number>;
}

/** A file with the events that a shared database does not have yet. */
export class Outbox implements EventStore {
  readonly file: string;
  readonly #database: DatabaseSync;
  readonly #identity: string | undefined;

  private constructor(file: string, database: DatabaseSync) {
    this.file = file;
    this.#database = database;
    this.#identity = fileIdentity(file);
  }

  /** Opens or creates the file. Throws SQLite's errors, `HISTORY_FOREIGN` and `HISTORY_NEWER`. */
  static async open(file: string, options: SqliteOptions = {}): Promise<Outbox> {
    const database = await openSqlite(file, KIND, options);
    try {
      const version = Number(one(database, 'pragma user_version'));
      if (version > VERSION) {
        throw TaskError.terminal(
          'HISTORY_NEWER',
          `the outbox ${file} was written by a newer Maestro; update this one, or configure another state folder`,
        );
      }
      if (version < VERSION) {
        inTransaction(database, () => {
          database.exec('create table if not exists outbox (position integer primary key autoincrement, event text not null)');
          database.exec('create table if not exists lost (run_id text primary key, events integer not null)');
          database.exec(`pragma user_version = ${VERSION}`);
        });
      }
      return new Outbox(file, database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get inPlace(): boolean {
    return fileIdentity(this.file) === this.#identity;
  }

  append(events: readonly RunEvent[], lost?: ReadonlyMap<string, number>): void {
    inTransaction(this.#database, () => {
      const insert = this.#database.prepare('insert into outbox (event) values (?)');
      for (const event of events) insert.run(JSON.stringify(event));
      for (const [runId, count] of lost ?? []) {
        this.#database
          .prepare('insert into lost (run_id, events) values (?, ?) on conflict (run_id) do update set events = events + excluded.events')
          .run(runId, count);
      }
    });
  }

  /** The oldest events, at most `limit`. Losses come with the last of them, for their runs have to be there. */
  read(limit: number): OutboxBatch {
    const batch: OutboxBatch = { positions: [], events: [], lost: new Map() };
    let bytes = 0;
    for (const row of this.#database.prepare('select position, event from outbox order by position limit ?').iterate(limit)) {
      const { position, event } = row as { position: number; event: string };
      batch.positions.push(position);
      batch.events.push(JSON.parse(event) as RunEvent);
      bytes += event.length;
      if (bytes > BATCH_BYTES) return batch;
    }
    if (batch.events.length < limit) {
      for (const { run_id, events } of this.#database.prepare('select run_id, events from lost').all())
        batch.lost.set(String(run_id), Number(events));
    }
    return batch;
  }

  /** Forgets what has arrived. */
  remove({ positions, lost }: Pick<OutboxBatch, 'positions' | 'lost'>): void {
    inTransaction(this.#database, () => {
      const [first, last] = [positions[0], positions.at(-1)];
      if (first !== undefined && last !== undefined) {
        this.#database.prepare('delete from outbox where position between ? and ?').run(first, last);
      }
      for (const [runId, count] of lost) {
        this.#database.prepare('update lost set events = events - ? where run_id = ?').run(count, runId);
        this.#database.prepare('delete from lost where run_id = ? and events <= 0').run(runId);
      }
    });
  }

  /** How many events have not arrived yet. */
  get waiting(): number {
    return Number(one(this.#database, 'select count(*) from outbox'));
  }

  /** Gives the space of what has arrived back to the disk. */
  shrink(): void {
    if (Number(one(this.#database, 'pragma freelist_count')) > 1_000) this.#database.exec('pragma incremental_vacuum');
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }
}
