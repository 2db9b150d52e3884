import pg from 'pg';
import { quotedTable, type Table, type TableColumn } from './table.ts';

/** What to do with rows that are there already. */
export interface Conflict {
  /** Columns of a primary key or unique index. */
  target: string[];
  /** Columns that take the new values; empty: the row stays as it is. */
  update: string[];
}

/** How a batch is written, and whether its answer tells new rows from changed ones. */
export interface UpsertStatement {
  sql: string;
  counts: boolean;
}

/** One statement for batches of any size: each column is one array, which costs less to send and to plan than a parameter for every value. */
export function upsertStatement(table: Table, columns: readonly string[], conflict: Conflict | undefined): UpsertStatement {
  const id = pg.escapeIdentifier;
  const of = (name: string) => table.columns.get(name) as TableColumn;
  const list = columns.map(id).join(', ');
  const values = columns.map((name, index) => fromText(`r.c${index + 1}`, of(name)));
  const arrays = columns.map((name, index) => `$${index + 1}::${passedAs(of(name))}[]`);
  const names = columns.map((_, index) => `c${index + 1}`);
  const insert = `INSERT INTO ${quotedTable(table)} (${list}) SELECT ${values.join(', ')} FROM unnest(${arrays.join(', ')}) AS r(${names.join(', ')})`;
  if (conflict === undefined) return { sql: insert, counts: false };
  const onConflict = `${insert} ON CONFLICT (${conflict.target.map(id).join(', ')})`;
  if (conflict.update.length === 0) return { sql: `${onConflict} DO NOTHING`, counts: false };
  const upsert = `${onConflict} DO UPDATE SET ${conflict.update.map((name) => `${id(name)} = EXCLUDED.${id(name)}`).join(', ')}`;
  // Only a plain table shows whether a row is new: it has not been locked or changed by anybody.
  if (table.kind !== 'r') return { sql: upsert, counts: false };
  const counted = 'SELECT count(*)::int4 AS rows, count(*) FILTER (WHERE inserted)::int4 AS inserted FROM written';
  return { sql: `WITH written AS (${upsert} RETURNING xmax = 0 AS inserted) ${counted}`, counts: true };
}

/** unnest would take an array apart to its last dimension, so one goes as its text; and bytea goes as base64. */
function passedAs({ type, isArray, isBytea }: TableColumn): string {
  return isArray || isBytea ? 'text' : type;
}

function fromText(value: string, { type, isArray, isBytea }: TableColumn): string {
  if (isBytea) return `decode(${value}, 'base64')`;
  return isArray ? `${value}::${type}` : value;
}
