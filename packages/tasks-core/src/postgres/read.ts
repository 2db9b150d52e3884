import { InvalidInputError } from '@summit/maestro-sdk';
import Cursor from 'pg-cursor';
import type { Described } from './statement.ts';
import type { Session } from './transaction.ts';
import { type NumberOptions, readerOf, typesOf } from './types.ts';

/** Rows asked for at first; later as many as make about `BATCH_BYTES`. */
const FIRST_ROWS = 100;
const MOST_ROWS = 2_000;
const BATCH_BYTES = 512 * 1024;

/** A column of a result. */
export interface Column {
  name: string;
  /** As SQL names it, e.g. `bigint`. */
  type: string;
}

export type Row = Record<string, unknown>;

/** A result that is read as it is asked for. */
export interface Reading {
  columns: Column[];
  batches: AsyncGenerator<Row[]>;
}

/** Runs a statement that gives rows, and reads them in batches in constant memory. Throws `DB_COLUMNS_DUPLICATE` before it runs. */
export async function readRows(
  session: Session,
  sql: string,
  values: readonly unknown[],
  described: Described,
  numbers: NumberOptions,
): Promise<Reading> {
  const names = described.columns.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) {
    throw new InvalidInputError(
      `the statement gives several columns called ${[...new Set(twice)].map((name) => JSON.stringify(name)).join(', ')}; name them apart with AS`,
      { code: 'DB_COLUMNS_DUPLICATE' },
    );
  }
  const types = await typesOf(
    session.client,
    session.pool,
    described.columns.map(({ type }) => type),
  );
  const columns = described.columns.map(({ name, type }) => ({ name, type: types.get(type)?.name ?? String(type) }));
  const readers = described.columns.map(({ type }) => readerOf(type, types, numbers));
  const toRow = (texts: (string | null)[]): Row =>
    // Also a column called __proto__ is a property like any other.
    Object.fromEntries(texts.map((text, index) => [names[index] as string, text === null ? null : readers[index]?.(text)]));
  return { columns, batches: batchesOf(session, sql, values, toRow) };
}

const TEXT = { getTypeParser: (() => (text: string) => text) as never };

async function* batchesOf(
  { client, signal }: Session,
  sql: string,
  values: readonly unknown[],
  toRow: (texts: (string | null)[]) => Row,
): AsyncGenerator<Row[]> {
  const cursor = client.query(new Cursor<(string | null)[]>(sql, [...values], { rowMode: 'array', types: TEXT }));
  let failed = false;
  try {
    for (let ask = FIRST_ROWS; ; ) {
      signal.throwIfAborted();
      const texts = await cursor.read(ask).catch((error: unknown) => {
        failed = true;
        throw error;
      });
      if (texts.length > 0) yield texts.map(toRow);
      if (texts.length < ask) return;
      const bytes = texts.reduce((sum, row) => sum + row.reduce((length, text) => length + (text?.length ?? 0) + 1, 0), 0);
      ask = Math.min(MOST_ROWS, Math.max(1, Math.floor((BATCH_BYTES / bytes) * texts.length)));
    }
  } finally {
    if (!failed && !signal.aborted) await cursor.close();
  }
}
