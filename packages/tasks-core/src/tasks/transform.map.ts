import { type ArtifactRef, artifactRefSchema, createRunContext, defineTask, InvalidInputError, PRESENT_WHEN } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';

const MAX_FAILURES = 100;
/** Media type of an expression over `row`, `index` and `vars`. */
const CEL = 'text/cel';

const Input = Type.Object(
  {
    rows: Type.Optional(Type.Array(Type.Unknown(), { description: 'The rows; or give an artifact' })),
    artifact: Type.Optional(
      Type.Unsafe<ArtifactRef>({ ...artifactRefSchema, description: 'The rows: NDJSON, or one JSON array; read as a stream, of any size' }),
    ),
    mapping: Type.Optional(
      Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.String()], {
        contentMediaType: CEL,
        description:
          'What a row becomes. Every string in it, at any depth, is a CEL expression over row, index and vars; a literal text is written in quotes of its own: \'"EUR"\'. Other values stand for themselves. Default: the row as it is',
      }),
    ),
    filter: Type.Optional(
      Type.String({
        contentMediaType: CEL,
        description: 'CEL expression over row, index and vars: rows for which it is false are left out, before they are mapped',
      }),
    ),
    vars: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'Values that expressions read as vars: the way to hand over parameters without writing them into expressions',
      }),
    ),
    as: Type.Optional(
      Type.Union([Type.Literal('rows'), Type.Literal('artifact')], {
        description: 'rows: inline; artifact: NDJSON, streamed, of any size. Default: as the rows came',
      }),
    ),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 255, default: 'rows.ndjson', description: 'File name of the artifact' })),
    onError: Type.Optional(
      Type.Union([Type.Literal('fail'), Type.Literal('skip')], {
        default: 'fail',
        description: 'What a row that cannot be read or mapped does: fail ends the task and names it; skip leaves it out and counts it',
      }),
    ),
    maxFailures: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 10_000, default: MAX_FAILURES, description: 'With onError: skip, failures listed at most' }),
    ),
  },
  { additionalProperties: false },
);

const Output = Type.Object({
  rows: Type.Optional(
    Type.Array(Type.Unknown(), {
      description: 'The rows that were made, in the order of the source',
      [PRESENT_WHEN]: [{ as: ['rows'] }, { as: [null], artifact: [null] }],
    }),
  ),
  artifact: Type.Optional(
    Type.Unsafe<ArtifactRef>({
      ...artifactRefSchema,
      description: 'The same as NDJSON, with as: artifact',
      [PRESENT_WHEN]: [{ as: ['artifact'] }, { as: [null], rows: [null] }],
    }),
  ),
  count: Type.Integer({ minimum: 0, description: 'Number of rows that were made' }),
  skipped: Type.Integer({ minimum: 0, description: 'Number of rows that the filter left out' }),
  failed: Type.Optional(Type.Integer({ minimum: 0, description: 'Number of rows that failed, with onError: skip' })),
  failures: Type.Optional(
    Type.Array(
      Type.Object({
        index: Type.Integer({ minimum: 0, description: 'Of the row in the source, from 0' }),
        path: Type.Optional(Type.String({ description: 'The expression that failed, e.g. mapping.total' })),
        message: Type.String({ description: 'Why' }),
      }),
      { description: 'The first of them' },
    ),
  ),
});

type Transform = typeof import('../mapping/transform.ts');
type Compile = typeof import('../mapping/compile.ts');
// The expression language is loaded by the first call, not with the catalog.
let transformer: Promise<Transform> | undefined;
let compiler: Promise<Compile> | undefined;

/**
 * Maps and filters rows with expressions.
 *
 * Effect: none; repeating it gives the same. The order of rows is kept. Artifacts are read and written as streams, in memory that does not depend on their size;
 * one row may have up to 16 MiB. Expressions are the CEL of manifests, with its functions and its limits, over `row`, `index` (of the row in
 * the source, from 0) and `vars`; regular expressions take linear time. A field whose expression is an optional without a value
 * (`row.?email`) is left out. In a manifest `${}` is the manifest's own expression, evaluated before this task runs; strings without it arrive here.
 *
 * Errors, all terminal: `INVALID_INPUT` (not one of `rows` and `artifact`, nothing to do), `TRANSFORM_EXPRESSION_INVALID` (every expression that is
 * wrong, with its place, before any row is read), `TRANSFORM_ROW_FAILED` (the row's index, the expression and why),
 * `TRANSFORM_RESULT_TOO_LARGE`, and what the artifact store throws.
 */
export const transformMap = defineTask({
  name: 'tasks/transform.map',
  version: '0.1.0',
  title: 'Map and filter rows',
  description: 'Makes rows of rows with CEL expressions: a list inline, or NDJSON and JSON arrays of any size from artifact to artifact.',
  examples: [
    {
      title: 'Fields of a new shape, some rows left out',
      input: {
        rows: [
          { id: 1, first: 'Ada', last: 'Lovelace', born: 1815 },
          { id: 2, first: 'Alan', last: 'Turing', born: 1912 },
        ],
        filter: 'row.born < 1900',
        mapping: { id: 'string(row.id)', name: 'row.first + " " + row.last', source: '"register"', active: true },
      },
      output: { rows: [{ id: '1', name: 'Ada Lovelace', source: 'register', active: true }], count: 1, skipped: 1 },
    },
    {
      title: 'A parameter handed over by value, rows that fail counted',
      input: {
        rows: [{ price: 2 }, { price: 'free' }],
        vars: { rate: 1.5 },
        mapping: { position: 'index', price: 'row.price * vars.rate' },
        onError: 'skip',
        maxFailures: 0,
      },
      output: { rows: [{ position: 0, price: 3 }], count: 1, skipped: 0, failed: 1, failures: [] },
    },
    {
      title: 'A misspelt name is found before any row is read',
      input: { rows: [{ id: 1 }], mapping: { id: 'rwo.id' } },
      error: 'TRANSFORM_EXPRESSION_INVALID',
    },
    { title: 'A row without the field', input: { rows: [{ id: 1 }, {}], mapping: { id: 'row.id' } }, error: 'TRANSFORM_ROW_FAILED' },
  ],
  effect: 'none',
  input: Input,
  output: Output,
  async validate({ payload }) {
    checkInput(payload);
    compiler ??= import('../mapping/compile.ts');
    (await compiler).compileRows(payload);
  },
  async execute(ctx, { payload }) {
    checkInput(payload);
    const context = createRunContext(ctx);
    context.signal.throwIfAborted();
    transformer ??= import('../mapping/transform.ts');
    const { transform } = await transformer;
    const { vars = {}, name = 'rows.ndjson', onError = 'fail', maxFailures = MAX_FAILURES } = payload;
    const as = payload.as ?? (payload.artifact === undefined ? 'rows' : 'artifact');
    return { payload: await transform(context, { ...payload, vars, as, name, onError, maxFailures }) };
  },
});

export default transformMap;

function checkInput(payload: Static<typeof Input> | undefined): void {
  const { rows, artifact, mapping, filter } = payload ?? {};
  if ((rows === undefined) === (artifact === undefined)) {
    throw new InvalidInputError(`give the rows either as rows or as artifact, ${rows === undefined ? 'found neither' : 'not both'}`);
  }
  if (rows !== undefined && !Array.isArray(rows)) throw new InvalidInputError(`rows: expected a list, found ${typeof rows}`);
  if (filter !== undefined && typeof filter !== 'string')
    throw new InvalidInputError(`filter: expected an expression as a text, found ${typeof filter}`);
  if (mapping === undefined && filter === undefined)
    throw new InvalidInputError('there is nothing to do: give a mapping, a filter, or both');
  if (mapping === null || (mapping !== undefined && typeof mapping !== 'object' && typeof mapping !== 'string'))
    throw new InvalidInputError('mapping: expected an object whose texts are expressions');
}
