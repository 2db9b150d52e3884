import {
  type ArtifactRef,
  artifactRefSchema,
  createRunContext,
  defineTask,
  InvalidInputError,
  PRESENT_WHEN,
  type RunContext,
  TaskError,
} from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { inputCheck } from '../input/check-input.ts';
import { isSmall } from '../small.ts';

const MAX_FAILURES = 100;
const MAPPER_TIMEOUT_MS = 5_000;
const MAPPER_MEMORY_MB = 128;
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
        contentMediaType: `${CEL}; type=bool`,
        description: 'CEL expression over row, index and vars: rows for which it is false are left out, before they are mapped',
      }),
    ),
    mapper: Type.Optional(
      Type.String({
        contentMediaType: 'text/javascript',
        minLength: 1,
        maxLength: 100_000,
        description:
          'Instead of a mapping: the body of a JavaScript function of row, index and vars that returns what the row becomes. Only in catalogs that the worker trusts',
      }),
    ),
    mapperTimeoutMs: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 600_000,
        default: MAPPER_TIMEOUT_MS,
        description: 'How long the mapper may take for 500 rows, in milliseconds',
      }),
    ),
    mapperMemoryMb: Type.Optional(
      Type.Integer({
        minimum: 16,
        maximum: 2_048,
        default: MAPPER_MEMORY_MB,
        description: 'How large the heap of the mapper may become, in MB',
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

const checkFields = inputCheck(Input, ['rows']);

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
  failed: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Number of rows that failed, with onError: skip', [PRESENT_WHEN]: [{ onError: ['skip'] }] }),
  ),
  failures: Type.Optional(
    Type.Array(
      Type.Object({
        index: Type.Integer({ minimum: 0, description: 'Of the row in the source, from 0' }),
        path: Type.Optional(Type.String({ description: 'The expression that failed, e.g. mapping.total' })),
        message: Type.String({ description: 'Why' }),
      }),
      { description: 'The first of them', [PRESENT_WHEN]: [{ onError: ['skip'] }] },
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
 * Effect: none; repeating it gives the same. Of few rows inline nothing is remembered: a replay maps them again. The order of rows is kept. Artifacts are read and written as streams, in memory that does not depend on their size;
 * one row may have up to 16 MiB. Integers of an artifact that are beyond 2^53, which numbers are not exact for, are read as texts. Expressions are the CEL of manifests, with its functions and its limits, over `row`, `index` (of the row in
 * the source, from 0) and `vars`; regular expressions take linear time. A field whose expression is an optional without a value
 * (`row.?email`) is left out. In a manifest `${}` is the manifest's own expression, evaluated before this task runs; strings without it arrive here.
 *
 * A `mapper` is JavaScript, for what CEL cannot say. It is refused unless its text stands in a catalog that the worker's configuration lists under
 * `trustedCatalogs`. It runs in a process of its own with nothing of Node: no files, network, modules, timers, promises or buffers, in a realm
 * that is frozen and makes no code from texts; rows and results cross as JSON. What it makes of a row should depend on nothing but the row.
 *
 * Errors, terminal: `INVALID_INPUT` (not one of `rows` and `artifact`, nothing to do), `TRANSFORM_EXPRESSION_INVALID` (every expression that is
 * wrong, with its place, before any row is read), `TRANSFORM_ROW_FAILED` (the row's index, the expression and why),
 * `TRANSFORM_RESULT_TOO_LARGE`, `MAPPER_NOT_TRUSTED`, `MAPPER_INVALID`, `MAPPER_TIMEOUT`, `MAPPER_OUT_OF_MEMORY`, `MAPPER_OUTPUT_TOO_LARGE`, `MAPPER_FAILED`; transient
 * `MAPPER_START_FAILED` and `MAPPER_STOPPED`; and what the artifact store throws.
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
    {
      title: 'JavaScript is refused where the worker does not trust the catalog',
      input: { rows: [{ id: 1 }], mapper: 'return { id: row.id + 1 };' },
      error: 'MAPPER_NOT_TRUSTED',
    },
    { title: 'A row without the field', input: { rows: [{ id: 1 }, {}], mapping: { id: 'row.id' } }, error: 'TRANSFORM_ROW_FAILED' },
  ],
  effect: 'none',
  pure: ({ rows, artifact, mapper, as, vars }) =>
    artifact === undefined && mapper === undefined && as !== 'artifact' && isSmall([rows, vars]),
  input: Input,
  output: Output,
  async validate({ payload }) {
    checkInput(payload);
    compiler ??= import('../mapping/compile.ts');
    (await compiler).compileRows(payload);
  },
  async execute(ctx, { payload }) {
    checkInput(payload);
    await checkFields(payload);
    const context = createRunContext(ctx);
    context.signal.throwIfAborted();
    if (payload.mapper !== undefined) await checkTrust(context, payload.mapper);
    transformer ??= import('../mapping/transform.ts');
    const { transform } = await transformer;
    const { vars = {}, name = 'rows.ndjson', onError = 'fail', maxFailures = MAX_FAILURES } = payload;
    const as = payload.as ?? (payload.artifact === undefined ? 'rows' : 'artifact');
    const { mapper: code, mapperTimeoutMs: timeoutMs = MAPPER_TIMEOUT_MS, mapperMemoryMb: memoryMb = MAPPER_MEMORY_MB, ...rest } = payload;
    const mapper = code === undefined ? {} : { mapper: { code, timeoutMs, memoryMb } };
    return { payload: await transform(context, { ...rest, ...mapper, vars, as, name, onError, maxFailures }) };
  },
});

export default transformMap;

function checkInput(payload: Static<typeof Input> | undefined): void {
  const { rows, artifact, mapping, filter, mapper } = payload ?? {};
  if ((rows === undefined) === (artifact === undefined)) {
    throw new InvalidInputError(`give the rows either as rows or as artifact, ${rows === undefined ? 'found neither' : 'not both'}`);
  }
  if (rows !== undefined && !Array.isArray(rows)) throw new InvalidInputError(`rows: expected a list, found ${typeof rows}`);
  if (filter !== undefined && typeof filter !== 'string')
    throw new InvalidInputError(`filter: expected an expression as a text, found ${typeof filter}`);
  if (mapping !== undefined && mapper !== undefined) throw new InvalidInputError('give either a mapping or a mapper, not both');
  if (mapper !== undefined && typeof mapper !== 'string')
    throw new InvalidInputError(`mapper: expected the body of a JavaScript function as a text, found ${typeof mapper}`);
  if (mapping === undefined && filter === undefined && mapper === undefined)
    throw new InvalidInputError('there is nothing to do: give a mapping, a filter, or both');
  if (mapping === null || (mapping !== undefined && typeof mapping !== 'object' && typeof mapping !== 'string'))
    throw new InvalidInputError('mapping: expected an object whose texts are expressions');
}

/** Code runs only where the worker itself says that it trusts it, whatever the manifest or plan says. */
async function checkTrust({ trusts }: RunContext, code: string): Promise<void> {
  if ((await trusts?.(code)) === true) return;
  throw TaskError.terminal(
    'MAPPER_NOT_TRUSTED',
    'the mapper is JavaScript that no trusted catalog holds; write a mapping in CEL, or list its catalog under trustedCatalogs in the configuration of the worker (the code has to stand there as it is, without ${})',
  );
}
