import { type ArtifactRef, artifactRefSchema, createRunContext, defineTask, PRESENT_WHEN } from '@summit/maestro-sdk';
import { Type } from '@summit/maestro-sdk/schema';
import { inputCheck } from '../input/check-input.ts';
import { connectionFields, DATABASE_URL, databaseResource, ExpectRows, Parameters } from '../postgres/options.ts';
import { checkStatement } from '../postgres/statement.ts';

const Input = Type.Object(
  {
    ...connectionFields,
    sql: Type.String({ minLength: 1, description: 'One statement that reads, with $1, $2... where values go' }),
    params: Type.Optional(Parameters),
    as: Type.Optional(
      Type.Union([Type.Literal('rows'), Type.Literal('artifact')], {
        default: 'rows',
        description: 'rows: inline, up to 256 KiB of JSON; artifact: NDJSON, streamed, of any size',
      }),
    ),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 255, default: 'rows.ndjson', description: 'File name of the artifact' })),
    maxRows: Type.Optional(Type.Integer({ minimum: 1, description: 'More rows than this are an error, not cut off' })),
    expectRows: Type.Optional(ExpectRows),
    bigint: Type.Optional(
      Type.Union([Type.Literal('number'), Type.Literal('string')], {
        default: 'number',
        description: 'number: a number up to 2^53 - 1, a text beyond; string: always a text',
      }),
    ),
    numeric: Type.Optional(
      Type.Union([Type.Literal('string'), Type.Literal('number')], {
        default: 'string',
        description: 'string: exactly as stored; number: the nearest number JavaScript has',
      }),
    ),
  },
  { additionalProperties: false },
);

const Output = Type.Object({
  rows: Type.Optional(
    Type.Array(Type.Record(Type.String(), Type.Unknown()), {
      description: 'The rows, by column name',
      [PRESENT_WHEN]: { as: ['rows'] },
    }),
  ),
  artifact: Type.Optional(
    Type.Unsafe<ArtifactRef>({
      ...artifactRefSchema,
      description: 'The rows as NDJSON, with as: artifact',
      [PRESENT_WHEN]: { as: ['artifact'] },
    }),
  ),
  count: Type.Integer({ minimum: 0, description: 'Number of rows' }),
  columns: Type.Array(
    Type.Object({
      name: Type.String({ description: 'Name of the column' }),
      type: Type.String({ description: 'Its type as SQL names it, e.g. timestamp with time zone' }),
    }),
    { description: 'The columns, in order' },
  ),
});

type Query = typeof import('../postgres/query.ts');
// The PostgreSQL client is loaded by the first call, not with the catalog.
let loaded: Promise<Query> | undefined;
const checkInput = inputCheck(Input);

/**
 * Reads rows from PostgreSQL.
 *
 * Effect: read. The statement runs alone in a READ ONLY transaction that is rolled back at its end; the server refuses whatever would write,
 * also inside functions. Repeating it is safe. Its parameters are sent apart from its text. The session is in UTC.
 *
 * Values: integers and floats are numbers (NaN and infinities texts), bigint a number up to 2^53 - 1 and a text beyond, numeric a text as
 * stored; timestamps ISO 8601 with all their digits, with a time zone in UTC (`2026-01-31T10:00:00.123456Z`); date, time and interval
 * (ISO 8601) texts; bytea base64; json and jsonb JSON, with integers beyond 2^53 as texts; arrays lists; everything else its text.
 *
 * Errors, terminal: `DB_SYNTAX` (with line and column), `DB_TABLE_UNKNOWN`, `DB_COLUMN_UNKNOWN`, `DB_FUNCTION_UNKNOWN`, `DB_SCHEMA_UNKNOWN`,
 * `DB_COLUMNS_DUPLICATE`, `DB_PARAMETERS`, `DB_VALUE_INVALID`, `DB_READ_ONLY`, `DB_PERMISSION`, `DB_MULTIPLE_STATEMENTS`, `DB_STATEMENT_REFUSED`,
 * `DB_TOO_LARGE` (inline limit or `maxRows`), `DB_ROWS_UNEXPECTED`, `DB_AUTH_FAILED`, `DB_TLS_FAILED`, `DB_DATABASE_UNKNOWN`,
 * `DB_CONNECTION_INVALID`, `DB_RAISED`, `DB_FAILED`. Transient: `DB_UNREACHABLE`, `DB_CONNECTION_LOST`, `DB_TIMEOUT`, `DB_LOCKED`,
 * `DB_SERIALIZATION`, `DB_DEADLOCK`, `DB_TOO_MANY_CONNECTIONS`, `DB_RESOURCES`. `details` has the SQLSTATE; no message has a value.
 */
export const dbQuery = defineTask({
  name: 'connectors/db.query',
  version: '0.1.0',
  title: 'Query PostgreSQL',
  description: 'Reads rows with one statement in a read-only transaction: inline, or streamed into an NDJSON artifact.',
  examples: [
    {
      title: 'Rows with a parameter',
      input: { sql: 'SELECT id, total FROM orders WHERE status = $1 ORDER BY id LIMIT 100', params: ['open'] },
    },
    {
      title: 'A large result as an artifact, from another database',
      input: {
        connection: '${secrets.REPORTING_DB}',
        sql: 'SELECT * FROM events WHERE at >= $1',
        params: ['2026-01-01T00:00:00Z'],
        as: 'artifact',
        name: 'events.ndjson',
        timeoutMs: 600_000,
      },
    },
    { title: 'More than one statement is refused', input: { sql: 'COMMIT; DROP TABLE orders' }, error: 'DB_STATEMENT_REFUSED' },
  ],
  effect: 'read',
  secrets: [DATABASE_URL],
  // A server that restarts is back after the waits, which are 15 seconds in all.
  retry: { maxAttempts: 5, initialInterval: 1_000, maxInterval: 15_000, factor: 2 },
  input: Input,
  output: Output,
  resources: ({ connection }) => [databaseResource(connection)],
  validate({ payload }) {
    checkStatement(payload?.sql);
  },
  async execute(ctx, { payload }) {
    const context = createRunContext(ctx);
    checkStatement(payload?.sql);
    await checkInput(payload);
    context.signal.throwIfAborted();
    loaded ??= import('../postgres/query.ts');
    const { query } = await loaded;
    return { payload: await query(context, payload) };
  },
});

export default dbQuery;
