import { type ArtifactRef, artifactRefSchema, createRunContext, defineTask, InvalidInputError, isArtifactRef } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { inputCheck } from '../input/check-input.ts';
import { connectionFields, DATABASE_URL, databaseResource, ExpectRows, Parameters } from '../postgres/options.ts';
import { checkStatement } from '../postgres/statement.ts';

const Name = (what: string) => Type.String({ minLength: 1, maxLength: 200, description: what });
const Names = (what: string) => Type.Array(Name('Name of a column'), { minItems: 1, maxItems: 1_600, description: what });

const Conflict = Type.Object(
  {
    target: Names('Columns of the primary key or unique index that tells rows apart'),
    update: Type.Optional(
      Type.Union([Type.Literal('all'), Type.Literal('none'), Names('Columns that take the new values')], {
        default: 'all',
        description: 'Columns of a row that is there already which take the new values: all but the target, none, or those listed',
      }),
    ),
  },
  { additionalProperties: false, description: 'What to do with rows that are there already; without it they are an error' },
);

const Input = Type.Object(
  {
    ...connectionFields,
    sql: Type.Optional(Type.String({ minLength: 1, description: 'One statement, with $1, $2... where values go; or give table and rows' })),
    params: Type.Optional(Parameters),
    table: Type.Optional(Name('Table that rows are written to, as it is in the catalog: orders or sales.orders')),
    rows: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()), { description: 'Rows to write, by column name' })),
    artifact: Type.Optional(
      Type.Unsafe<ArtifactRef>({ ...artifactRefSchema, description: 'Rows to write, streamed: NDJSON, or a JSON array of objects' }),
    ),
    columns: Type.Optional(Names('Columns to write; what a row lacks is null. Default: those of the first row, which all must have')),
    conflict: Type.Optional(Conflict),
    duplicates: Type.Optional(
      Type.Union([Type.Literal('last'), Type.Literal('error')], {
        default: 'last',
        description:
          'Rows of the input with the same conflict target: the last one wins, or an error that names them (which keeps every key in memory)',
      }),
    ),
    batchSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 50_000, default: 1_000, description: 'Rows a statement writes' })),
    expectRows: Type.Optional(ExpectRows),
    isolation: Type.Optional(
      Type.Union([Type.Literal('read committed'), Type.Literal('repeatable read'), Type.Literal('serializable')], {
        default: 'read committed',
        description: 'Isolation of the transaction',
      }),
    ),
    idempotent: Type.Optional(
      Type.Boolean({
        description:
          'true: repeating the call does no harm, so no record of it is kept. Default: true with conflict and without expectRows, otherwise false',
      }),
    ),
    idempotencyTable: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        default: 'maestro_idempotency',
        description: 'Table that records calls which must take effect once; made by the first of them',
      }),
    ),
  },
  { additionalProperties: false },
);

const Output = Type.Object({
  rowCount: Type.Integer({ minimum: 0, description: 'Rows that were written, or given by RETURNING' }),
  inserted: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Rows that are new, where rows were given; absent where the server cannot tell' }),
  ),
  updated: Type.Optional(Type.Integer({ minimum: 0, description: 'Rows that were there already and took new values' })),
  rows: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()), { description: 'Rows of RETURNING, up to 256 KiB of JSON' })),
  columns: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String({ description: 'Name of the column' }),
        type: Type.String({ description: 'Its type as SQL names it' }),
      }),
      { description: 'Columns of rows, in order' },
    ),
  ),
  remembered: Type.Optional(Type.Boolean({ description: 'true where an earlier attempt had taken effect already; this is its result' })),
});

type Execute = typeof import('../postgres/execute.ts');
// The PostgreSQL client is loaded by the first call, not with the catalog.
let loaded: Promise<Execute> | undefined;
const checkInput = inputCheck(Input, ['rows']);

/**
 * Changes a PostgreSQL database: one statement, or rows inserted or upserted in batches.
 *
 * Effect: write, in one transaction: all of it or nothing. Delivery: exactly once for a step of a run. A call with a conflict target ends up
 * the same however often it is made. Any other is recorded in the table `maestro_idempotency` (key: the step's idempotency key) by the
 * transaction that does the work; a retry after a crash, or after a commit whose answer was lost, finds the record and returns its result.
 * The records are never removed here: `DELETE FROM maestro_idempotency WHERE created_at < now() - interval '90 days'`.
 *
 * Rows: columns and types come from the catalog, names are quoted. Values are what `connectors/db.query` gives: bytea base64, json JSON, arrays
 * lists, everything else a text or number as PostgreSQL reads it. Integers beyond 2^53 are texts, as those of an artifact are read; a number
 * that has lost digits is refused for bigint and numeric. Rows with the same conflict target: the last one wins. The session is in UTC.
 *
 * A row that the server refuses is named with its column, or the columns of the constraint, where there is one row that fails by itself: after the
 * failure the batch is tried in halves, in transactions that are rolled back (sequences advance all the same).
 *
 * Errors, terminal: those of `connectors/db.query`, and `DB_CONSTRAINT` (says which), `DB_CONFLICT_TARGET`, `DB_ROW_INVALID` and
 * `DB_ROWS_DUPLICATE` (name the rows), `DB_COLUMN_GENERATED`, `DB_IDEMPOTENCY_MISMATCH`, `INVALID_INPUT`. Transient: those of
 * `connectors/db.query`, `DB_READ_ONLY` (a standby), and `DB_COMMIT_UNKNOWN`: the answer to the commit was lost; a retry finds out.
 */
export const dbExecute = defineTask({
  name: 'connectors/db.execute',
  version: '0.1.0',
  title: 'Change PostgreSQL',
  description: 'Runs one statement, or inserts or upserts rows in batches, in one transaction that is safe to retry.',
  examples: [
    {
      title: 'A statement',
      input: { sql: "UPDATE orders SET status = 'shipped' WHERE id = $1", params: [1042], expectRows: 1 },
    },
    {
      title: 'Rows that replace those with the same id',
      input: { table: 'orders', rows: [{ id: 1042, status: 'open', total: '19.90' }], conflict: { target: ['id'] } },
    },
    { title: 'A statement and rows at once', input: { sql: 'SELECT 1', table: 'orders', rows: [] }, error: 'INVALID_INPUT' },
  ],
  effect: 'write',
  secrets: [DATABASE_URL],
  // A server that restarts is back after the waits, which are 15 seconds in all.
  retry: { maxAttempts: 5, initialInterval: 1_000, maxInterval: 15_000, factor: 2 },
  input: Input,
  output: Output,
  resources: ({ connection, table }) => [databaseResource(connection, table)],
  validate({ payload }) {
    check(payload);
  },
  async execute(ctx, { payload }) {
    const context = createRunContext(ctx);
    check(payload);
    await checkInput(payload);
    context.signal.throwIfAborted();
    loaded ??= import('../postgres/execute.ts');
    const { execute } = await loaded;
    return { payload: await execute(context, payload) };
  },
});

export default dbExecute;

/** What the schema cannot say: a statement, or rows for a table, and not both. */
function check(payload: Static<typeof Input>): void {
  const { sql, params, table, rows, artifact, columns, conflict } = payload ?? {};
  if ((sql === undefined) === (table === undefined)) {
    throw new InvalidInputError(`give either sql or table${sql === undefined ? '' : ', not both'}: a statement, or rows for a table`);
  }
  if (sql !== undefined) {
    const extra = Object.entries({ rows, artifact, columns, conflict }).find(([, value]) => value !== undefined);
    if (extra !== undefined) throw new InvalidInputError(`${extra[0]} goes with table, not with sql`);
    checkStatement(sql);
    return;
  }
  if (params !== undefined) throw new InvalidInputError('params goes with sql, not with table');
  if ((rows === undefined) === (artifact === undefined)) throw new InvalidInputError('table needs either rows or artifact');
  if (rows !== undefined && !Array.isArray(rows)) throw new InvalidInputError('rows must be a list of objects');
  if (artifact !== undefined && !isArtifactRef(artifact)) throw new InvalidInputError('artifact must be a reference to an artifact');
}
