import { InvalidInputError, isTaskError, type RunContext } from '@summit/maestro-sdk';
import { didYouMean } from '../input/nearest.ts';
import type { ConnectionOptions } from './options.ts';
import { inTransaction } from './transaction.ts';

/** Tables looked through for one with a name like the wanted one. */
const MOST_TABLES = 10_000;

/** Runs `work`; an unknown table is told together with the tables whose names are like it. */
export async function withNearTables<R>(ctx: RunContext, connection: ConnectionOptions, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (!isTaskError(error) || error.code !== 'DB_TABLE_UNKNOWN') throw error;
    const name = /"((?:[^"]|"")+)"/.exec(error.message)?.[1];
    if (name === undefined) throw error;
    // What a failure of this second look would say is less than what is known already.
    const tables = await tableNames(ctx, connection).catch(() => []);
    const plain = tables.filter(({ visible }) => visible).map(({ table }) => table);
    const choices = [...plain, ...tables.map(({ schema, table }) => `${schema}.${table}`)].filter((each) => each !== name);
    const near = didYouMean(name, choices);
    if (near === '') throw error;
    throw new InvalidInputError(`${error.message}${near}`, { code: error.code, details: error.details, cause: error.cause });
  }
}

interface TableName {
  schema: string;
  table: string;
  visible: boolean;
}

function tableNames(ctx: RunContext, connection: ConnectionOptions): Promise<TableName[]> {
  return inTransaction(ctx, connection, { readOnly: true }, async ({ client }) => {
    const { rows } = await client.query<TableName>(
      `SELECT n.nspname AS schema, c.relname AS table, pg_table_is_visible(c.oid) AS visible FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') LIMIT $1`,
      [MOST_TABLES],
    );
    return rows;
  });
}
