import pg from 'pg';
import { quotedTable, type Table, type TableColumn } from './table.ts';

/** What to do with rows that are there already. */
export interface Conflict {
  /** Columns of a primary key or unique index. */
  target: string[];
  /** Columns that take the new values; empty: the row stays as it is. */
  update: string[];
}

/** One statement for batches of any size: each column is one array, which costs less to send and to plan than a parameter for every value. */
export function upsertStatement(table: Table, columns: readonly string[], conflict: Conflict | undefined): string {
  const id = pg.escapeIdentifier;
  const of = (name: string) => table.columns.get(name) as TableColumn;
  const list = columns.map(id).join(', ');
  const values = columns.map((name, index) => fromText(`r.c${index + 1}`, of(name)));
  const arrays = columns.map((name, index) => `$${index + 1}::${passedAs(of(name))}[]`);
  const names = columns.map((_, index) => `c${index + 1}`);
  const insert = `INSERT INTO ${quotedTable(table)} (${list}) SELECT ${values.join(', ')} FROM unnest(${arrays.join(', ')}) AS r(${names.join(', ')})`;
  if (conflict === undefined) return insert;
  const onConflict = `${insert} ON CONFLICT (${conflict.target.map(id).join(', ')})`;
  if (conflict.update.length === 0) return `${onConflict} DO NOTHING`;
  return `${onConflict} DO UPDATE SET ${conflict.update.map((name) => `${id(name)} = EXCLUDED.${id(name)}`).join(', ')}`;
}

/** unnest would take an array apart to its last dimension, and a row type into its fields, so these go as their text; and bytea goes as base64. */
function passedAs({ type, isArray, isBytea, isComposite }: TableColumn): string {
  return isArray || isBytea || isComposite ? 'text' : type;
}

function fromText(value: string, { type, isArray, isBytea, isComposite }: TableColumn): string {
  if (isBytea) return `decode(${value}, 'base64')`;
  return isArray || isComposite ? `${value}::${type}` : value;
}
