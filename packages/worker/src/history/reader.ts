import { setTimeout as delay } from 'node:timers/promises';
import type { Plan } from '@summit/maestro-manifest';
import { TaskError } from '@summit/maestro-sdk';
import type { RunEvent } from '../run.ts';
import { detailOf } from './detail.ts';
import type { HeldRun, ListOptions, PruneResult, RunDetail, RunFilter, RunSummary, StoredEvent } from './history.ts';
import { countsOf, progressOf } from './progress.ts';
import { iso, type Row, summaryOf, type Value } from './run-row.ts';

/** A database to be asked; parameters are `?` in the text. */
export type Ask = (sql: string, values: readonly Value[]) => Promise<Row[]>;

const DEFAULT_LIMIT = 50;
/** Events read at once. */
const PAGE = 1_000;
/** Runs forgotten at once: writers wait for that long. */
const PRUNE_AT_ONCE = 200;
/** Runs whose progress is asked for at once. */
const RUNS_AT_ONCE = 500;

/** Everything that only reads, and forgetting; the same for both kinds of database. */
export class HistoryReader {
  readonly #ask: Ask;
  /** How many rows the statement has changed, and the statement. */
  readonly #change: (sql: string, values: readonly Value[]) => Promise<number>;

  constructor(ask: Ask, change: (sql: string, values: readonly Value[]) => Promise<number>) {
    this.#ask = ask;
    this.#change = change;
  }

  async list({ limit = DEFAULT_LIMIT, before, ...filter }: ListOptions = {}): Promise<RunSummary[]> {
    const { where, values } = conditions(filter);
    if (before !== undefined) {
      const row = await this.#row(before);
      if (row === undefined) throw unknownRun(before);
      where.push('(created_at < ? or (created_at = ? and id < ?))');
      values.push(Number(row.created_at), Number(row.created_at), Number(row.id));
    }
    const rows = await this.#ask(
      `select * from maestro_runs ${where.length > 0 ? `where ${where.join(' and ')}` : ''} order by created_at desc, id desc limit ?`,
      [...values, limit],
    );
    return this.#withProgress(rows);
  }

  async held(): Promise<HeldRun[]> {
    const rows = await this.#ask(
      `select run_id, source, process, (select max(time) from maestro_events where run = maestro_runs.id) as last_at
       from maestro_runs where process is not null and outcome is null`,
      [],
    );
    return rows.map(({ run_id, source, process, last_at }) => ({
      runId: String(run_id),
      ref: String(source),
      process: JSON.parse(String(process)),
      lastAt: Number(last_at),
    }));
  }

  async show(runId: string): Promise<RunDetail | undefined> {
    const row = await this.#row(runId);
    if (row === undefined) return undefined;
    const events: RunEvent[] = [];
    for await (const event of this.#all(row, true)) events.push(event);
    const [summary] = await this.#withProgress([row]);
    return detailOf(summary as RunSummary, events);
  }

  async events(runId: string, { after = 0, limit = PAGE }: { after?: number; limit?: number } = {}): Promise<StoredEvent[]> {
    const row = await this.#row(runId);
    if (row === undefined) throw unknownRun(runId);
    return this.#page(row, after, limit, false);
  }

  async plan(digest: string): Promise<Plan | undefined> {
    const [row] = await this.#ask('select plan from maestro_plans where digest = ?', [digest]);
    if (row === undefined) return undefined;
    return (typeof row.plan === 'string' ? JSON.parse(row.plan) : row.plan) as Plan;
  }

  async *export(filter: RunFilter = {}): AsyncIterable<RunEvent> {
    const { where, values } = conditions(filter);
    let last = { at: -1, id: -1 };
    for (;;) {
      const rows = await this.#ask(
        `select * from maestro_runs where ${['(created_at > ? or (created_at = ? and id > ?))', ...where].join(' and ')} order by created_at, id limit ?`,
        [last.at, last.at, last.id, ...values, DEFAULT_LIMIT],
      );
      for (const row of rows) {
        last = { at: Number(row.created_at), id: Number(row.id) };
        yield* this.#all(row, false);
      }
      if (rows.length < DEFAULT_LIMIT) return;
    }
  }

  async prune({ before, dryRun = false }: { before: number; dryRun?: boolean }): Promise<PruneResult> {
    if (dryRun) {
      const [runs] = await this.#ask('select count(*) as n from maestro_runs where finished_at < ?', [before]);
      const [events] = await this.#ask(
        'select count(*) as n from maestro_events where run in (select id from maestro_runs where finished_at < ?)',
        [before],
      );
      return { runs: Number(runs?.n), events: Number(events?.n) };
    }
    const total: PruneResult = { runs: 0, events: 0 };
    for (;;) {
      const rows = await this.#ask('select id from maestro_runs where finished_at < ? order by created_at limit ?', [
        before,
        PRUNE_AT_ONCE,
      ]);
      if (rows.length === 0) {
        await this.#change(
          'delete from maestro_plans where not exists (select 1 from maestro_runs where plan_digest = maestro_plans.digest)',
          [],
        );
        return total;
      }
      const ids = rows.map(({ id }) => Number(id));
      const list = ids.map(() => '?').join(', ');
      // Events first: a run whose events are gone can still be found and forgotten after a crash in between.
      total.events += await breather(() => this.#change(`delete from maestro_events where run in (${list})`, ids));
      total.runs += await breather(() => this.#change(`delete from maestro_runs where id in (${list})`, ids));
    }
  }

  /** Summaries; of runs that are on, with how far they are. */
  async #withProgress(rows: readonly Row[]): Promise<RunSummary[]> {
    const going = rows.filter(({ outcome, started_at }) => outcome === null && started_at !== null).map(({ id }) => Number(id));
    const progress = new Map<number, Row[]>();
    for (let from = 0; from < going.length; from += RUNS_AT_ONCE) {
      const some = going.slice(from, from + RUNS_AT_ONCE);
      for (const row of await this.#ask(progressOf(some.length), some)) {
        const run = Number(row.run);
        const told = progress.get(run);
        if (told === undefined) progress.set(run, [row]);
        else told.push(row);
      }
    }
    return rows.map((row) => {
      const summary = summaryOf(row);
      const told = progress.get(Number(row.id));
      if (told !== undefined) summary.tasks = countsOf(told);
      return summary;
    });
  }

  async #row(runId: string): Promise<Row | undefined> {
    const [row] = await this.#ask('select * from maestro_runs where run_id = ?', [runId]);
    return row;
  }

  /** Events of a run in order. `telling`: without what tasks log, of which there may be any amount. */
  async *#all(row: Row, telling: boolean): AsyncIterable<RunEvent> {
    let after = 0;
    for (;;) {
      const page = await this.#page(row, after, PAGE, telling);
      for (const { event } of page) yield event;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      after = last.position;
    }
  }

  async #page(row: Row, after: number, limit: number, telling: boolean): Promise<StoredEvent[]> {
    const rows = await this.#ask(
      `select position, key, type, time, data from maestro_events where run = ? and position > ?${
        telling ? " and type not in ('task.log', 'task.event')" : ''
      } order by position limit ?`,
      [Number(row.id), after, limit],
    );
    return rows.map((event) => ({ position: Number(event.position), event: eventOf(row, event) }));
  }
}

/** Does something that locks the history, and rests as long as it has taken: others have to have their turn, also those in other processes. */
export async function breather<T>(work: () => T | Promise<T>): Promise<T> {
  const begun = performance.now();
  const result = await work();
  await delay(performance.now() - begun);
  return result;
}

function eventOf(run: Row, event: Row): RunEvent {
  return {
    specversion: '1.0',
    id: `${run.run_id}/${event.key}`,
    source: `maestro/${run.source}`,
    type: event.type as RunEvent['type'],
    time: iso(event.time),
    subject: String(run.run_id),
    data: (typeof event.data === 'string' ? JSON.parse(event.data) : event.data) as RunEvent['data'],
  };
}

function conditions({ status, runbook, initiator, since, until, runIds }: RunFilter): { where: string[]; values: Value[] } {
  const where: string[] = [];
  const values: Value[] = [];
  const add = (condition: string, ...bound: Value[]) => {
    where.push(condition);
    values.push(...bound);
  };
  const oneOf = (column: string, choices: readonly string[]) =>
    choices.length === 0 ? add('1 = 0') : add(`${column} in (${choices.map(() => '?').join(', ')})`, ...choices);
  if (status !== undefined) oneOf('status', status);
  if (runIds !== undefined) oneOf('run_id', runIds);
  if (runbook !== undefined) add(runbook.includes('@') ? 'source = ?' : 'name = ?', runbook);
  if (initiator !== undefined) add('initiator = ?', initiator);
  if (since !== undefined) add('created_at >= ?', since);
  if (until !== undefined) add('created_at < ?', until);
  return { where, values };
}

/** What a command says that was given an id which the history does not have. */
export function unknownRun(runId: string): TaskError {
  return TaskError.terminal('RUN_UNKNOWN', `the history knows no run ${runId}; "maestro runs list" shows the ones it has`);
}
