import { type ArtifactRef, InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import { formatArray, formatElement, formatJsonArray } from './array-text.ts';
import { culprit, failsAlike, isAboutRows } from './culprit.ts';
import { isServerError, parameterOf, type ServerError } from './failure.ts';
import { inexactNumber } from './inexact.ts';
import { type SourceRow, sourceRows } from './source-rows.ts';
import { checkColumns, type Table, tableOf, writtenSoFar } from './table.ts';
import type { Session } from './transaction.ts';
import { type Conflict, upsertStatement } from './upsert-sql.ts';

export const BATCH_SIZE = 1_000;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

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
  const before = await writtenSoFar(session, table);
  let writer: BatchWriter | undefined;
  try {
    for await (const batch of sourceRows({ artifacts: ctx.artifacts, signal: session.signal }, source, batchSize)) {
      writer ??= new BatchWriter(session, table, input, batch[0] as SourceRow);
      await writer.write(batch);
    }
  } catch (error) {
    // What is under way has no say any more, but the connection is free only when it is over.
    await writer?.settled();
    throw error;
  }
  return (await writer?.end(before)) ?? { rowCount: 0, inserted: 0, updated: 0 };
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
  /** Keys of all rows so far, where a second one is an error. */
  readonly #seen = new Map<string, number>();
  #running: Promise<void> | undefined;
  #written = 0;
  /** Rows that a later one of the same batch has replaced. */
  #replaced = 0;

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
    this.#sql = upsertStatement(table, this.#columns, this.#conflict);
  }

  async write(batch: readonly SourceRow[]): Promise<void> {
    for (const row of batch) this.#check(row);
    const rows = this.#withoutDuplicates(batch);
    const values = this.#arrays(rows);
    await this.#running;
    // The row before is replaced by the later one, as if they had been written one after the other.
    this.#replaced += batch.length - rows.length;
    this.#running = this.#send(rows, values);
    // It is awaited with the next batch, or at the end; until then nobody is surprised.
    this.#running.catch(() => {});
  }

  /** Waits for the last batch. `before` is what had been written to the table when this began. */
  async end(before: { inserted: number; updated: number }): Promise<Upserted> {
    await this.#running;
    const rowCount = this.#written + this.#replaced;
    if (this.#conflict === undefined || this.#conflict.update.length === 0) return { rowCount, inserted: rowCount, updated: 0 };
    const after = await writtenSoFar(this.#session, this.#table);
    const inserted = after.inserted - before.inserted;
    // The server counts for itself, which costs nothing, while RETURNING would cost a quarter more. It is right when the sum is: it is not where
    // it counts nothing (a partitioned table, a view), or where a trigger writes to the same table.
    const counted = inserted + after.updated - before.updated === this.#written;
    return counted ? { rowCount, inserted, updated: rowCount - inserted } : { rowCount };
  }

  /** Waits until nothing is under way any more, however it ends. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => {});
  }

  async #send(rows: readonly SourceRow[], values: string[]): Promise<void> {
    try {
      const { rowCount } = await this.#session.client.query(this.#sql, values);
      this.#written += rowCount ?? 0;
    } catch (error) {
      // For the values that its message must not show.
      this.#session.doing.parameters = rows.map((row) => row.values);
      throw await this.#explained(error, rows);
    }
  }

  async #explained(error: unknown, rows: readonly SourceRow[]): Promise<unknown> {
    if (!isServerError(error)) return error;
    const culprit = await this.#culpritRow(error, rows);
    const row = culprit?.number;
    const [first, last] = [rows[0]?.number, rows[rows.length - 1]?.number];
    const column = this.#columnOf(error) ?? (culprit === undefined ? undefined : await this.#culpritColumn(error, culprit));
    if (column !== undefined) error.column ??= column;
    const which = column === undefined ? '' : `, column ${JSON.stringify(column)}`;
    const where = row !== undefined ? `row ${row}` : first === last ? `row ${first}` : `rows ${first} to ${last}`;
    if (row !== undefined) error.row = row;
    if (error.code === '21000') {
      return new InvalidInputError(
        `${where}: two rows have the same ${this.#conflict?.target.join(', ')} for the database, though not as JSON; nothing was changed`,
        { code: 'DB_ROWS_DUPLICATE', details: { sqlstate: error.code } },
      );
    }
    error.about = `${where} into ${this.#table.schema}.${this.#table.name}${which}`;
    return error;
  }

  /** The row that fails for itself, each try in a transaction of its own. */
  async #culpritRow(error: ServerError, rows: readonly SourceRow[]): Promise<SourceRow | undefined> {
    return isAboutRows(error) ? culprit(rows, (part) => this.#fails(error, part)) : undefined;
  }

  /** The column of the row whose value fails for itself, where it is a value that is wrong: the others are null then. */
  async #culpritColumn(error: ServerError, { number, values }: SourceRow): Promise<string | undefined> {
    const aboutValue = error.code.startsWith('22') || error.dataType !== undefined;
    if (!aboutValue || error.column !== undefined) return undefined;
    const given = this.#columns.filter((name) => values[name] !== null && values[name] !== undefined);
    return culprit(given, (names) =>
      this.#fails(error, [{ number, values: Object.fromEntries(names.map((name) => [name, values[name]])) }]),
    );
  }

  /** The column whose values the server could not read: it says which parameter it was, and each is one column. */
  #columnOf(error: ServerError): string | undefined {
    const number = parameterOf(error);
    return number === undefined ? undefined : this.#columns[number - 1];
  }

  async #fails(first: ServerError, rows: readonly SourceRow[]): Promise<boolean> {
    await this.#session.restart();
    try {
      await this.#session.client.query(this.#sql, this.#arrays(rows));
      return false;
    } catch (error) {
      return failsAlike(error, first);
    }
  }

  #check({ number, values }: SourceRow): void {
    if (this.#isRegular(values)) return;
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

  /** True for a row that has the columns, all of them, in their order: nearly every one does. */
  #isRegular(values: Record<string, unknown>): boolean {
    let index = 0;
    for (const name in values) if (name !== this.#columns[index++]) return false;
    return index === this.#columns.length;
  }

  /** A number that has lost digits on its way here must not be written as another. */
  #checkDigits({ number, values }: SourceRow, name: string): void {
    const found = inexactNumber(values[name]);
    if (found === undefined) return;
    throw new InvalidInputError(
      `row ${number}: ${JSON.stringify(name)} is the number ${found}, beyond 2^53, where numbers lose digits; give it as a text; nothing was changed`,
      { code: 'DB_ROW_INVALID', details: { row: number, column: name } },
    );
  }

  /** The elements of an array of bytea, which are base64 like a bytea by itself, as the server reads them in an array. */
  #bytes(values: readonly unknown[], row: SourceRow, name: string): unknown[] {
    return values.map((value) => {
      if (Array.isArray(value)) return this.#bytes(value, row, name);
      if (value === null || value === undefined) return value;
      if (typeof value === 'string' && BASE64.test(value)) return `\\x${Buffer.from(value, 'base64').toString('hex')}`;
      throw new InvalidInputError(`row ${row.number}: ${JSON.stringify(name)} holds something that is not base64; nothing was changed`, {
        code: 'DB_ROW_INVALID',
        details: { row: row.number, column: name },
      });
    });
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
      if (column?.isWide && typeof value !== 'string') this.#checkDigits(rows[index] as SourceRow, name);
      if (column?.isJson && value !== null && value !== undefined) list += formatElement(JSON.stringify(value));
      else if (column?.isByteaArray && Array.isArray(value))
        list += formatElement(formatArray(this.#bytes(value, rows[index] as SourceRow, name)));
      else if (column?.isArray && Array.isArray(value)) list += formatElement((column.isJsonArray ? formatJsonArray : formatArray)(value));
      else list += formatElement(value);
    }
    return `${list}}`;
  }
}

/** What tells the row from others; undefined where it is like no other, as null is. */
function keyOf({ values }: SourceRow, target: readonly string[]): string | undefined {
  if (target.length === 1) return text(values[target[0] as string]);
  const parts = target.map((name) => text(values[name]));
  return parts.includes(undefined) ? undefined : JSON.stringify(parts);
}

function text(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
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
