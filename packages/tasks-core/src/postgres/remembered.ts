import { TaskError } from '@summit/maestro-sdk';
import type { ServerError } from './failure.ts';
import { isServerError } from './failure.ts';
import { parseTableName, quotedTable } from './table.ts';
import type { Session } from './transaction.ts';

/** Where it is kept which calls have taken effect, unless the input names another table. */
export const IDEMPOTENCY_TABLE = 'maestro_idempotency';

/** A call that must take effect once. */
export interface Once {
  table: string;
  /** The same for every attempt of one step of one run. */
  key: string;
  /** sha256 of what is asked for: another request under the same key is a mistake, not a retry. */
  request: string;
}

/** Thrown to leave a transaction whose table is not there. */
export class TableMissing extends Error {}

/**
 * Takes the key for this transaction, as the first thing in it. Resolves to the result of an earlier attempt that was committed, or to
 * undefined when this one is to do the work. An attempt that is still under way is waited for.
 */
export async function claim({ client, doing }: Session, { table, key, request }: Once): Promise<string | undefined> {
  const name = quotedTable(parseTableName(table));
  try {
    const { rowCount } = await client.query(`INSERT INTO ${name} (key, request) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, [
      key,
      request,
    ]);
    if (rowCount === 1) return undefined;
  } catch (error) {
    if (isServerError(error) && error.code === '42P01') throw new TableMissing(table, { cause: error });
    throw ofTable(error, table);
  }
  const { rows } = await client.query<{ request: string; result: string }>(`SELECT request, result FROM ${name} WHERE key = $1`, [key]);
  const [before] = rows;
  if (before?.request === request) return before.result;
  throw TaskError.terminal(
    'DB_IDEMPOTENCY_MISMATCH',
    `${doing.label}: the table ${table} has another request under the key of this step (${key}); nothing was changed`,
  );
}

/** Keeps the result, in the transaction that made it. */
export async function remember({ client }: Session, { table, key }: Once, result: string): Promise<void> {
  await client.query(`UPDATE ${quotedTable(parseTableName(table))} SET result = $2 WHERE key = $1`, [key, result]);
}

/** Makes the table. Two that do so at the same time get in each other's way, which the second attempt does not. */
export async function createTable({ client }: Session, table: string): Promise<void> {
  try {
    await client.query(definition(table));
  } catch (error) {
    throw ofTable(error, table);
  }
}

/** The table's definition, for whoever makes it beforehand. */
export function definition(table: string): string {
  const columns =
    "key text PRIMARY KEY, request text NOT NULL, result text NOT NULL DEFAULT '', created_at timestamptz NOT NULL DEFAULT now()";
  return `CREATE TABLE IF NOT EXISTS ${quotedTable(parseTableName(table))} (${columns})`;
}

function ofTable(error: unknown, table: string): unknown {
  if (!isServerError(error)) return error;
  const failed: ServerError = error;
  failed.message = `${failed.message}; calls that take effect once are kept in ${table}: let the user insert, select and update there (or make it: ${definition(table)}), or say idempotent: true where a repeated call does no harm`;
  return failed;
}
