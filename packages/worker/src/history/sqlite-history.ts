import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Plan } from '@summit/maestro-manifest';
import type { RunEvent } from '../run.ts';
import { batchOf, keyOf } from './batch.ts';
import type { RunFacts } from './facts.ts';
import type { HeldRun, History, ListOptions, PruneResult, RunDetail, RunFilter, RunSummary, StoredEvent } from './history.ts';
import { migrateSqlite } from './migrate.ts';
import { type KeptPlan, planOf, withoutPlan } from './plans.ts';
import { openQuestions, QUESTION_EVENTS } from './questions.ts';
import { breather, HistoryReader } from './reader.ts';
import { endOf, ROW_WIDTH, type Row, rowOf, setEnd, setPending, upsertRuns, type Value } from './run-row.ts';
import { fileIdentity, inTransaction, one, openSqlite, type SqliteOptions, whileLocked } from './sqlite.ts';

/** `MstH`: tells our files from others. */
const KIND = 0x4d737448;
/** Runs whose rows are remembered here while they are on. */
const MAX_KNOWN = 20_000;
/** Pages of 4 KiB that are given back to the disk at once. */
const SHRINK_PAGES = 1_000;

/** What is known of a row without asking. */
interface Known {
  id: number;
  /** Whether questions are open. */
  asks: boolean;
  /** Nothing earlier can come. */
  queued: boolean;
  started: boolean;
  createdAt: number;
}

/** A history in an SQLite file, which any number of processes may read and write. */
export class SqliteHistory implements History {
  readonly file: string;
  readonly #database: DatabaseSync;
  readonly #identity: string | undefined;
  readonly #reader: HistoryReader;
  readonly #statements = new Map<string, StatementSync>();
  readonly #known = new Map<string, Known>();

  private constructor(file: string, database: DatabaseSync) {
    this.file = file;
    this.#database = database;
    this.#identity = fileIdentity(file);
    this.#reader = new HistoryReader(
      (sql, values) => whileLocked(async () => this.#prepared(sql).all(...values) as Row[]),
      (sql, values) => whileLocked(async () => Number(this.#prepared(sql).run(...values).changes)),
    );
  }

  /** Opens or creates the file. Throws SQLite's errors, `HISTORY_FOREIGN` and `HISTORY_NEWER`. */
  static async open(file: string, options: SqliteOptions = {}): Promise<SqliteHistory> {
    const database = await openSqlite(file, KIND, options);
    try {
      await migrateSqlite(database, file);
      return new SqliteHistory(file, database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** False when the path leads to another file now, or to none. */
  get inPlace(): boolean {
    return fileIdentity(this.file) === this.#identity;
  }

  append(events: readonly RunEvent[], lost?: ReadonlyMap<string, number>): void {
    try {
      inTransaction(this.#database, () => this.#append(events, lost));
    } catch (error) {
      // What was learnt in a transaction that is undone is not so.
      this.#known.clear();
      throw error;
    }
  }

  #append(events: readonly RunEvent[], lost: ReadonlyMap<string, number> | undefined): void {
    const runs = batchOf(events);
    for (const { facts } of runs.values()) this.#keepRow(facts);
    const insert = this.#prepared(
      'insert into maestro_events (run, key, type, time, data) values (?, ?, ?, ?, ?) on conflict (run, key) do nothing',
    );
    for (const event of events) {
      const run = this.#known.get(event.subject) as Known;
      this.#keepPlan(planOf(event));
      insert.run(run.id, keyOf(event), event.type, Date.parse(event.time), JSON.stringify(withoutPlan(event).data));
    }
    for (const [runId, { facts, asks, answers }] of runs) {
      const run = this.#known.get(runId) as Known;
      if (asks || (answers && run.asks)) this.#askAgain(run);
      if (facts.outcome !== null) this.#known.delete(runId);
    }
    for (const [runId, count] of lost ?? []) {
      this.#prepared('update maestro_runs set missing = missing + ? where run_id = ?').run(count, runId);
    }
    // Those that are forgotten are asked for again.
    if (this.#known.size > MAX_KNOWN) this.#known.clear();
  }

  #keepPlan(kept: KeptPlan | undefined): void {
    if (kept === undefined || this.#prepared('select 1 from maestro_plans where digest = ?').get(kept.digest) !== undefined) return;
    this.#prepared('insert into maestro_plans (digest, plan) values (?, ?) on conflict do nothing').run(
      kept.digest,
      JSON.stringify(kept.plan),
    );
  }

  #keepRow(facts: RunFacts): void {
    const known = this.#known.get(facts.runId);
    // A row that lacks its end alone is the usual case, and a fraction of the work.
    if (known?.queued && known.started) {
      if (facts.outcome !== null) this.#prepared(SET_END).run(...endOf(facts), known.id);
      return;
    }
    if (known !== undefined && !isNews(facts, known)) return;
    const row = this.#prepared(UPSERT).get(...rowOf(facts)) as Row;
    this.#known.set(facts.runId, {
      id: Number(row.id),
      asks: row.asks === 1,
      queued: row.queued_at !== null,
      started: row.started_at !== null,
      createdAt: Number(row.created_at),
    });
  }

  #askAgain(run: Known): void {
    const rows = this.#prepared(QUESTIONS).all(run.id) as { type: RunEvent['type']; data: string }[];
    const open = openQuestions(rows.map(({ type, data }) => ({ type, data: JSON.parse(data) as RunEvent['data'] })));
    const pending: Value = open.length === 0 ? null : JSON.stringify(open);
    this.#prepared(SET_PENDING).run(pending, run.id);
    run.asks = pending !== null;
  }

  list(options?: ListOptions): Promise<RunSummary[]> {
    return this.#reader.list(options);
  }

  show(runId: string): Promise<RunDetail | undefined> {
    return this.#reader.show(runId);
  }

  events(runId: string, options?: { after?: number; limit?: number }): Promise<StoredEvent[]> {
    return this.#reader.events(runId, options);
  }

  held(): Promise<HeldRun[]> {
    return this.#reader.held();
  }

  plan(digest: string): Promise<Plan | undefined> {
    return this.#reader.plan(digest);
  }

  export(filter?: RunFilter): AsyncIterable<RunEvent> {
    return this.#reader.export(filter);
  }

  async prune(options: { before: number; dryRun?: boolean }): Promise<PruneResult> {
    const result = await this.#reader.prune(options);
    if (result.runs > 0 && !options.dryRun) await this.#shrink();
    return result;
  }

  /** Gives free space back to the disk, little by little: each part locks the file. */
  async #shrink(): Promise<void> {
    for (let free = this.#freePages(); free > 0; ) {
      await breather(() => whileLocked(async () => this.#database.exec(`pragma incremental_vacuum(${SHRINK_PAGES})`)));
      const left = this.#freePages();
      // What others are reading just now stays.
      if (left >= free) return;
      free = left;
    }
  }

  #freePages(): number {
    return Number(one(this.#database, 'pragma freelist_count'));
  }

  async close(): Promise<void> {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

const UPSERT = upsertRuns(`(${Array.from({ length: ROW_WIDTH }, () => '?').join(', ')})`);
const SET_END = setEnd((index) => `?${index}`);
const SET_PENDING = setPending((index) => `?${index}`);
const QUESTIONS = `select type, data from maestro_events where run = ? and type in (${QUESTION_EVENTS.map((type) => `'${type}'`).join(', ')})`;

/** Whether a row does not say already what a batch tells. */
function isNews({ queuedAt, startedAt, outcome, firstAt }: RunFacts, known: Known): boolean {
  if (outcome !== null) return true;
  return (!known.queued && (queuedAt !== null || firstAt < known.createdAt)) || (!known.started && startedAt !== null);
}
