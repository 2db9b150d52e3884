import { createHash } from 'node:crypto';
import { canonicalJson, isTaskError, type RunContext } from '@summit/maestro-sdk';
import { collectRows } from './collect.ts';
import { withConstraintColumns } from './constraint-columns.ts';
import { checkRowCount } from './expect-rows.ts';
import { isServerError } from './failure.ts';
import { withNearTables } from './near-tables.ts';
import type { ConnectionOptions, ExpectRows } from './options.ts';
import { toParameters } from './parameters.ts';
import { type Column, type Row, readRows } from './read.ts';
import { claim, createTable, IDEMPOTENCY_TABLE, type Once, remember, TableMissing } from './remembered.ts';
import { describeStatement } from './statement.ts';
import { type Isolation, inTransaction, type Session } from './transaction.ts';
import type { NumberOptions } from './types.ts';
import { type UpsertInput, upsertRows } from './upsert.ts';

/** Input of `connectors/db.execute`: a statement, or rows for a table. */
export interface ExecuteInput extends ConnectionOptions, NumberOptions, Partial<UpsertInput> {
  sql?: string;
  params?: unknown[];
  expectRows?: ExpectRows;
  isolation?: Isolation;
  idempotent?: boolean;
  idempotencyTable?: string;
}

export interface ExecuteOutput {
  rowCount: number;
  inserted?: number;
  updated?: number;
  rows?: Row[];
  columns?: Column[];
  /** True for the result of an earlier attempt, whose answer was lost. */
  remembered?: boolean;
}

/** Runs one statement, or writes rows, in one transaction that takes effect once for a step of a run. */
export async function execute(ctx: RunContext, input: ExecuteInput): Promise<ExecuteOutput> {
  const once = onceOf(ctx, input);
  const explained = (work: () => Promise<ExecuteOutput>) => withConstraintColumns(ctx, input, () => withNearTables(ctx, input, work));
  return explained(async () => {
    try {
      return await attempt(ctx, input, once);
    } catch (error) {
      if (once === undefined || !(error instanceof TableMissing)) throw error;
      await makeTable(ctx, input, once.table);
      return attempt(ctx, input, once);
    }
  });
}

function attempt(ctx: RunContext, input: ExecuteInput, once: Once | undefined): Promise<ExecuteOutput> {
  const { sql, params = [], isolation, expectRows } = input;
  const options = {
    readOnly: false,
    parameters: params,
    ...(sql === undefined ? {} : { sql }),
    ...(isolation === undefined ? {} : { isolation }),
  };
  return inTransaction(ctx, input, options, async (session) => {
    const before = once === undefined ? undefined : await claim(session, once);
    if (before !== undefined) return { ...(JSON.parse(before) as ExecuteOutput), remembered: true };
    const output = await write(ctx, session, input);
    checkRowCount(output.rowCount, expectRows);
    if (once !== undefined) await remember(session, once, JSON.stringify(output));
    return output;
  });
}

async function write(ctx: RunContext, session: Session, input: ExecuteInput): Promise<ExecuteOutput> {
  const { sql, params = [], table } = input;
  if (table !== undefined) return { ...(await upsertRows(ctx, session, { ...input, table })) };
  const statement = sql as string;
  const described = await describeStatement(session.client, statement);
  const values = toParameters(params, described.parameters);
  if (described.columns.length === 0) {
    // Always the extended protocol, which takes one statement only.
    const { rowCount } = await session.client.query({ text: statement, values, queryMode: 'extended' } as {
      text: string;
      values: unknown[];
    });
    return { rowCount: rowCount ?? 0 };
  }
  const { columns, batches } = await readRows(session, statement, values, described, input);
  const rows = await collectRows(batches, JSON.stringify(columns).length, 'return less, or leave out RETURNING; nothing was changed');
  return { rowCount: rows.length, rows, columns };
}

/**
 * What makes a repeated call take effect once. Nothing is needed where the caller says that it does no harm, and for rows with a conflict
 * target: they end up the same. With `expectRows` even those are remembered, as the number of rows is another the second time.
 */
function onceOf(ctx: RunContext, input: ExecuteInput): Once | undefined {
  const { conflict, expectRows, idempotent, idempotencyTable: table = IDEMPOTENCY_TABLE } = input;
  if (idempotent ?? (conflict !== undefined && expectRows === undefined)) return undefined;
  const { sql, params, table: into, rows, artifact, columns } = input;
  const request = { sql, params, into, rows, artifact: artifact?.sha256, columns, conflict };
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
  return { table, key: ctx.idempotencyKey, request: createHash('sha256').update(canonicalJson(given)).digest('hex') };
}

/** A table, its row type or its key has the name already: how the server says it depends on how far both have come. */
const COLLISIONS = new Set(['23505', '42P07', '42710']);

async function makeTable(ctx: RunContext, connection: ConnectionOptions, table: string): Promise<void> {
  const make = () => inTransaction(ctx, connection, { readOnly: false }, (session) => createTable(session, table));
  try {
    await make();
  } catch (error) {
    // Somebody else has just made it: their names collide in the catalog.
    const { sqlstate } = (isTaskError(error) ? (error.details ?? {}) : {}) as { sqlstate?: string };
    if (isServerError(error) || !COLLISIONS.has(sqlstate ?? '')) throw error;
    await make();
  }
}
