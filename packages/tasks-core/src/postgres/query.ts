import { type ArtifactRef, InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import { NDJSON, ndjsonBytes } from '../records/write.ts';
import { collectRows } from './collect.ts';
import { checkRowCount } from './expect-rows.ts';
import { withNearTables } from './near-tables.ts';
import type { ConnectionOptions, ExpectRows } from './options.ts';
import { toParameters } from './parameters.ts';
import { type Column, type Row, readRows } from './read.ts';
import { describeStatement } from './statement.ts';
import { inTransaction, type Session } from './transaction.ts';
import type { NumberOptions } from './types.ts';

/** Input of `connectors/db.query`. */
export interface QueryInput extends ConnectionOptions, NumberOptions {
  sql: string;
  params?: unknown[];
  as?: 'rows' | 'artifact';
  name?: string;
  maxRows?: number;
  expectRows?: ExpectRows;
}

export type QueryOutput = { rows: Row[]; count: number; columns: Column[] } | { artifact: ArtifactRef; count: number; columns: Column[] };

/** Reads the rows of one statement in a read-only transaction: inline, or streamed into an artifact. */
export async function query(ctx: RunContext, input: QueryInput): Promise<QueryOutput> {
  const { sql, params = [] } = input;
  return withNearTables(ctx, input, () =>
    inTransaction(ctx, input, { readOnly: true, sql, parameters: params }, (session) => read(ctx, session, input)),
  );
}

async function read(ctx: RunContext, session: Session, input: QueryInput): Promise<QueryOutput> {
  const { sql, params = [], as = 'rows', name = 'rows.ndjson', maxRows, expectRows } = input;
  const { client, signal } = session;
  const described = await describeStatement(client, sql);
  const values = toParameters(params, described.parameters);
  const { columns, batches } = await readRows(session, sql, values, described, input);
  let count = 0;
  async function* counted() {
    for await (const batch of batches) {
      count += batch.length;
      if (maxRows !== undefined && count > maxRows) throw tooMany(maxRows);
      yield batch;
    }
  }
  if (as === 'artifact') {
    const artifact = await ctx.artifacts.put(ndjsonBytes(counted()), { name, contentType: NDJSON, signal });
    checkRowCount(count, expectRows);
    return { artifact, count, columns };
  }
  const rows = await collectRows(counted(), JSON.stringify(columns).length, 'use as: artifact, or fewer columns or rows');
  checkRowCount(count, expectRows);
  return { rows, count, columns };
}

function tooMany(maxRows: number): InvalidInputError {
  return new InvalidInputError(`the statement gives more than ${maxRows} rows (maxRows); limit it with LIMIT, or raise maxRows`, {
    code: 'DB_TOO_LARGE',
  });
}
