import type { Plan } from '@summit/maestro-manifest';
import { TaskError } from '@summit/maestro-sdk';
import type { Pool, PoolClient } from 'pg';
import type { RunEvent } from '../run.ts';
import { batchOf, keyOf, type RunBatch } from './batch.ts';
import type { HeldRun, History, ListOptions, PruneResult, RunDetail, RunFilter, RunSummary, StoredEvent } from './history.ts';
import { migratePostgres } from './migrate.ts';
import { planOf, withoutPlan } from './plans.ts';
import { openQuestions, QUESTION_EVENTS } from './questions.ts';
import { HistoryReader } from './reader.ts';
import { ROW_WIDTH, type Row, rowOf, setPending, upsertRuns } from './run-row.ts';

/** Key of the lock that writers take in turn, so that positions are given in the order in which transactions end. */
const WRITE_LOCK = 5_571_648_201;
const CONNECT_MS = 5_000;
/** Longer than any statement of ours takes on a server that is well. */
const STATEMENT_MS = 15_000;
const CONNECTIONS = 4;
/** Rows in one statement; PostgreSQL takes 65,535 parameters. */
const ROWS_AT_ONCE = 1_000;

/** A history in a PostgreSQL database, which workers on any number of machines share. */
export class PostgresHistory implements History {
  readonly #pool: Pool;
  readonly #reader: HistoryReader;

  private constructor(pool: Pool) {
    this.#pool = pool;
    this.#reader = new HistoryReader(
      async (sql, values) => (await pool.query(numbered(sql), [...values])).rows as Row[],
      async (sql, values) => (await pool.query(numbered(sql), [...values])).rowCount ?? 0,
    );
  }

  /** Connects and brings the schema up to date. Throws the driver's errors, and `HISTORY_NEWER`. */
  static async open(url: string): Promise<PostgresHistory> {
    const { default: pg } = await import('pg');
    const pool = new pg.Pool({
      connectionString: url,
      max: CONNECTIONS,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: STATEMENT_MS,
      keepAlive: true,
      application_name: 'maestro-history',
      allowExitOnIdle: true,
    });
    // An idle connection that breaks is replaced when it is needed.
    pool.on('error', () => {});
    try {
      await migratePostgres(pool, placeOf(url));
      return new PostgresHistory(pool);
    } catch (error) {
      await pool.end();
      throw error;
    }
  }

  async append(events: readonly RunEvent[], lost?: ReadonlyMap<string, number>): Promise<void> {
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      await client.query('select pg_advisory_xact_lock($1)', [WRITE_LOCK]);
      await insertAll(client, events, lost);
      await client.query('commit');
    } catch (error) {
      // Also where the connection is gone and says no more: the pool drops it then.
      await client.query('rollback').catch((failure: Error) => {
        broken = failure;
      });
      throw error;
    } finally {
      client.release(broken);
    }
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

  prune(options: { before: number; dryRun?: boolean }): Promise<PruneResult> {
    return this.#reader.prune(options);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

async function insertAll(client: PoolClient, events: readonly RunEvent[], lost: ReadonlyMap<string, number> | undefined): Promise<void> {
  const runs = batchOf(events);
  const ids = await upsertAll(client, [...runs.values()]);
  await keepPlans(client, events);
  const columns = [
    events.map(({ subject }) => ids.get(subject)?.id),
    events.map((event) => keyOf(event)),
    events.map(({ type }) => type),
    events.map(({ time }) => Date.parse(time)),
    events.map((event) => JSON.stringify(withoutPlan(event).data)),
  ];
  await client.query(
    `insert into maestro_events (run, key, type, time, data)
     select run, key, type, time, data::json from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[])
       with ordinality as event (run, key, type, time, data, n) order by n
     on conflict (run, key) do nothing`,
    columns,
  );
  for (const [runId, { asks, answers }] of runs) {
    const row = ids.get(runId);
    if (row === undefined || !(asks || (answers && row.asks))) continue;
    const { rows } = await client.query('select type, data from maestro_events where run = $1 and type = any($2)', [
      row.id,
      QUESTION_EVENTS,
    ]);
    const open = openQuestions(rows as Pick<RunEvent, 'type' | 'data'>[]);
    await client.query(SET_PENDING, [open.length === 0 ? null : clean(JSON.stringify(open)), row.id]);
  }
  for (const [runId, count] of lost ?? []) {
    await client.query('update maestro_runs set missing = missing + $1 where run_id = $2', [count, runId]);
  }
}

async function keepPlans(client: PoolClient, events: readonly RunEvent[]): Promise<void> {
  const plans = new Map(events.flatMap((event) => planOf(event) ?? []).map(({ digest, plan }) => [digest, plan]));
  if (plans.size === 0) return;
  const { rows } = await client.query('select digest from maestro_plans where digest = any($1)', [[...plans.keys()]]);
  for (const { digest } of rows) plans.delete(digest);
  for (const [digest, plan] of plans) {
    await client.query('insert into maestro_plans (digest, plan) values ($1, $2) on conflict do nothing', [digest, JSON.stringify(plan)]);
  }
}

async function upsertAll(client: PoolClient, batches: readonly RunBatch[]): Promise<Map<string, { id: string; asks: boolean }>> {
  const ids = new Map<string, { id: string; asks: boolean }>();
  for (let from = 0; from < batches.length; from += ROWS_AT_ONCE) {
    const rows = batches.slice(from, from + ROWS_AT_ONCE).map(({ facts }) => rowOf(facts));
    const values = rows.map((_, row) => `(${Array.from({ length: ROW_WIDTH }, (_, at) => `$${row * ROW_WIDTH + at + 1}`).join(', ')})`);
    const result = await client.query(
      upsertRuns(values.join(', ')),
      rows.flat().map((value) => (typeof value === 'string' ? clean(value) : value)),
    );
    for (const { run_id, id, asks } of result.rows) ids.set(run_id, { id, asks: asks === 1 });
  }
  return ids;
}

const SET_PENDING = setPending((index) => `$${index}`);

/** PostgreSQL's text knows no NUL. */
function clean(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}

/** `?` as PostgreSQL's `$1`, `$2`; no statement of the reader has one in a literal. */
function numbered(sql: string): string {
  let n = 0;
  return sql.replaceAll('?', () => `$${++n}`);
}

/** Where a database is, without who connects and how. */
export function placeOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `postgres://${host}${pathname}`;
  } catch {
    return 'postgres';
  }
}

/** Whether the server refuses what it is given, as opposed to being out of reach: another time changes nothing. */
export function isRefusal(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  // 22: data exception; 54: a limit of the program is exceeded.
  return typeof code === 'string' && /^(22|54)[0-9A-Z]{3}$/.test(code);
}

/** A failure of a command that reads. */
export function unreachable(url: string, cause: unknown): unknown {
  if (cause instanceof TaskError) return cause;
  return TaskError.terminal(
    'HISTORY_UNREADABLE',
    `the history ${placeOf(url)} cannot be read: ${messageOf(cause)}; check that the server is up and the URL is right`,
    { cause },
  );
}

export function messageOf(error: unknown): string {
  // A name with several addresses fails with all of their errors and an empty message.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
