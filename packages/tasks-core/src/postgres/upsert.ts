import { type ArtifactRef, InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import { formatArray, formatElement } from './array-text.ts';
import { isServerError } from './failure.ts';
import { type SourceRow, sourceRows } from './source-rows.ts';
import { checkColumns, type Table, tableOf } from './table.ts';
import type { Session } from './transaction.ts';
import { type Conflict, upsertStatement } from './upsert-sql.ts';

export const BATCH_SIZE = 1_000;

/** Rows to write, and where. */
export interface UpsertInput {
  table: string;
  rows?: unknown[];
  artifact?: ArtifactRef;
  columns?: string[];
  conflict?: { target: string[]; update?: string[] | 'all' | 'none' };
  duplicates?: 'last' | 'error';
  batchSize?: number;
}

export interface Upserted {
  rowCount: number;
  inserted?: number;
  updated?: number;
}

/** Writes the rows of the input in batches: the next one is prepared while the server is busy with the last. */
export async function upsertRows(ctx: RunContext, session: Session, input: UpsertInput): Promise<Upserted> {
  const { artifact, rows = [], batchSize = BATCH_SIZE } = input;
  const source = artifact === undefined ? { rows } : { artifact };
  const table = await tableOf(session, input.table);
  let writer: BatchWriter | undefined;
  try {
    for await (const batch of sourceRows({ artifacts: ctx.artifacts, signal: session.signal }, source, batchSize)) {
      writer ??= new BatchWriter(session, table, input, batch[0] as SourceRow);
      await writer.write(batch);
    }
  } catch (error) {
    // What is under way has no say any more, but the connection is free only when it is over.
    await writer?.end().catch(() => {});
    throw error;
  }
  return (await writer?.end()) ?? { rowCount: 0, inserted: 0, updated: 0 };
}

class BatchWriter {
  readonly #session: Session;
  readonly #table: Table;
  readonly #columns: readonly string[];
  readonly #known: ReadonlySet<string>;
  readonly #given: boolean;
  readonly #conflict: Conflict | undefined;
  readonly #duplicates: 'last' | 'error';
  readonly #sql: string;
  readonly #counts: boolean;
  /** Keys of all rows so far, where a second one is an error. */
  readonly #seen = new Map<string, number>();
  #running: Promise<void> | undefined;
  #written = 0;
  #inserted = 0;

  constructor(session: Session, table: Table, input: UpsertInput, first: SourceRow) {
    this.#session = session;
    this.#table = table;
    this.#given = input.columns !== undefined;
    this.#columns = input.columns ?? Object.keys(first.values);
    this.#known = new Set(this.#columns);
    this.#duplicates = input.duplicates ?? 'last';
    if (this.#columns.length === 0) throw new InvalidInputError(`row ${first.number} has no columns`, { code: 'DB_ROW_INVALID' });
    checkColumns(table, this.#columns, this.#given ? 'columns' : `row ${first.number}`);
    this.#conflict = conflictOf(table, this.#columns, input.conflict);
    const { sql, counts } = upsertStatement(table, this.#columns, this.#conflict);
    this.#sql = sql;
    this.#counts = counts;
  }

  async write(batch: readonly SourceRow[]): Promise<void> {
    for (const row of batch) this.#check(row);
    const rows = this.#withoutDuplicates(batch);
    const values = this.#arrays(rows);
    await this.#running;
    // The row before is replaced by the later one, as if they had been written one after the other.
    this.#written += batch.length - rows.length;
    this.#running = this.#send(rows, values);
    // It is awaited with the next batch, or at the end; until then nobody is surprised.
    this.#running.catch(() => {});
  }

  async end(): Promise<Upserted> {
    await this.#running;
    const rowCount = this.#written;
    if (this.#conflict === undefined || this.#conflict.update.length === 0) return { rowCount, inserted: rowCount, updated: 0 };
    return this.#counts ? { rowCount, inserted: this.#inserted, updated: rowCount - this.#inserted } : { rowCount };
  }

  async #send(rows: readonly SourceRow[], values: string[]): Promise<void> {
    try {
      const result = await this.#session.client.query<{ rows: number; inserted: number }>(this.#sql, values);
      const counted = this.#counts ? result.rows[0] : undefined;
      this.#written += counted?.rows ?? result.rowCount ?? 0;
      this.#inserted += counted?.inserted ?? 0;
    } catch (error) {
      // For the values that its message must not show.
      this.#session.doing.parameters = rows.map((row) => row.values);
      throw await this.#explained(error, rows);
    }
  }

  async #explained(error: unknown, rows: readonly SourceRow[]): Promise<unknown> {
    if (!isServerError(error)) return error;
    const row = await this.#culprit(error.code, rows);
    const [first, last] = [rows[0]?.number, rows[rows.length - 1]?.number];
    const where = row !== undefined ? `row ${row}` : first === last ? `row ${first}` : `rows ${first} to ${last}`;
    if (row !== undefined) error.row = row;
    if (error.code === '21000') {
      return new InvalidInputError(
        `${where}: two rows have the same ${this.#conflict?.target.join(', ')} for the database, though not as JSON; nothing was changed`,
        { code: 'DB_ROWS_DUPLICATE', details: { sqlstate: error.code } },
      );
    }
    error.message = `${where} into ${this.#table.schema}.${this.#table.name}: ${error.message}`;
    return error;
  }

  /**
   * The row that fails for itself, found by halving the batch in a transaction of its own. Undefined where there is none: where it takes two
   * rows to fail, or one and what was rolled back.
   */
  async #culprit(code: string, rows: readonly SourceRow[]): Promise<number | undefined> {
    if (!/^2[23]/.test(code)) return undefined;
    let suspects = rows;
    while (suspects.length > 1) {
      const half = suspects.slice(0, suspects.length >> 1);
      suspects = (await this.#fails(code, half)) ? half : suspects.slice(half.length);
    }
    return (await this.#fails(code, suspects)) ? suspects[0]?.number : undefined;
  }

  async #fails(code: string, rows: readonly SourceRow[]): Promise<boolean> {
    await this.#session.restart();
    try {
      await this.#session.client.query(this.#sql, this.#arrays(rows));
      return false;
    } catch (error) {
      if (isServerError(error) && error.code === code) return true;
      throw error;
    }
  }

  #check({ number, values }: SourceRow): void {
    let found = 0;
    for (const name in values) {
      if (!Object.hasOwn(values, name)) continue;
      if (this.#known.has(name)) found++;
      else if (!this.#table.columns.has(name)) checkColumns(this.#table, [name], `row ${number}`);
      else
        throw this.#misshapen(
          number,
          `has the column ${JSON.stringify(name)}, which ${this.#given ? 'columns does not list' : 'the first row does not have'}`,
        );
    }
    if (found === this.#columns.length || this.#given) return;
    const missing = this.#columns.filter((name) => !Object.hasOwn(values, name));
    throw this.#misshapen(number, `lacks ${missing.map((name) => JSON.stringify(name)).join(', ')}, which the first row has`);
  }

  #misshapen(row: number, problem: string): InvalidInputError {
    const advice = 'give columns: what a row lacks is then null';
    return new InvalidInputError(`row ${row} ${problem}; ${advice}; nothing was changed`, { code: 'DB_ROW_INVALID', details: { row } });
  }

  /** At most one row of a key, the last: one statement cannot change a row twice. */
  #withoutDuplicates(batch: readonly SourceRow[]): readonly SourceRow[] {
    const { target, update } = this.#conflict ?? { target: [], update: [] };
    const strict = this.#duplicates === 'error' && target.length > 0;
    if (update.length === 0 && !strict) return batch;
    const last = new Map<string, SourceRow>();
    for (const row of batch) {
      const key = keyOf(row, target);
      if (key === undefined) continue;
      if (strict) this.#once(key, row.number, target);
      last.set(key, row);
    }
    if (last.size === batch.length) return batch;
    return batch.filter((row) => {
      const key = keyOf(row, target);
      return key === undefined || last.get(key) === row;
    });
  }

  #once(key: string, row: number, target: readonly string[]): void {
    const before = this.#seen.get(key);
    this.#seen.set(key, row);
    if (before === undefined) return;
    throw new InvalidInputError(
      `rows ${before} and ${row} have the same ${target.join(', ')}; with duplicates: last the later one wins; nothing was changed`,
      { code: 'DB_ROWS_DUPLICATE', details: { rows: [before, row] } },
    );
  }

  #arrays(rows: readonly SourceRow[]): string[] {
    return this.#columns.map((name) => this.#array(name, rows));
  }

  #array(name: string, rows: readonly SourceRow[]): string {
    const column = this.#table.columns.get(name);
    let list = '{';
    for (let index = 0; index < rows.length; index++) {
      const value = rows[index]?.values[name];
      if (index > 0) list += ',';
      if (column?.isJson && value !== null && value !== undefined) list += formatElement(JSON.stringify(value));
      else list += formatElement(column?.isArray && Array.isArray(value) ? formatArray(value) : value);
    }
    return `${list}}`;
  }
}

/** What tells the row from others; undefined where it is like no other, as null is. */
function keyOf({ values }: SourceRow, target: readonly string[]): string | undefined {
  const [first, ...more] = target.map((name) => values[name]);
  if (more.length === 0) return first === null || first === undefined ? undefined : text(first);
  const all = [first, ...more];
  return all.some((value) => value === null || value === undefined) ? undefined : JSON.stringify(all.map(text));
}

function text(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function conflictOf(table: Table, columns: readonly string[], given: UpsertInput['conflict']): Conflict | undefined {
  if (given === undefined) return undefined;
  const { target, update = 'all' } = given;
  checkColumns(table, target, 'conflict.target');
  if (Array.isArray(update)) checkColumns(table, update, 'conflict.update');
  const absent = [...target, ...(Array.isArray(update) ? update : [])].filter((name) => !columns.includes(name));
  if (absent.length > 0) {
    throw new InvalidInputError(`conflict names ${absent.map((name) => JSON.stringify(name)).join(', ')}, which the rows do not have`, {
      code: 'DB_COLUMN_UNKNOWN',
    });
  }
  if (update === 'none') return { target, update: [] };
  return { target, update: update === 'all' ? columns.filter((name) => !target.includes(name)) : update };
}
