import { type ArtifactRef, artifactRefSchema, createRunContext, defineTask, InvalidInputError, isArtifactRef } from '@summit/maestro-sdk';
import { Type } from '@summit/maestro-sdk/schema';
import type { AnySchema } from 'ajv';
import { inputCheck } from '../input/check-input.ts';
import { isSmall } from '../small.ts';

/** How many failures are listed unless the input says otherwise. */
const MAX_FAILURES = 100;

const Input = Type.Object(
  {
    schema: Type.Unsafe<AnySchema>({
      type: ['object', 'boolean'],
      description: 'JSON Schema; `$schema` says which draft: 07, 2019-09 or 2020-12 (the default)',
    }),
    data: Type.Union([Type.Unsafe<ArtifactRef>({ ...artifactRefSchema }), Type.Unknown()], {
      description: 'The value to check; an artifact is checked by its content: JSON, or NDJSON record by record',
    }),
    each: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'The schema is that of one record: every element of a list, or of an artifact that holds one, is checked on its own',
      }),
    ),
    recordId: Type.Optional(
      Type.String({
        pattern: '^(/[^/]*)+$',
        maxLength: 1_000,
        description: 'JSON Pointer to what names a record, e.g. /id; failures then say it',
      }),
    ),
    maxFailures: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, default: MAX_FAILURES, description: 'Failures listed at most' }),
    ),
  },
  { additionalProperties: false },
);

const checkInput = inputCheck(Input);

const Output = Type.Object({
  valid: Type.Literal(true, { description: 'Always true: data that is not valid is an error' }),
  records: Type.Optional(Type.Integer({ minimum: 0, description: 'Records checked, where they were checked one by one' })),
});

type Checker = typeof import('../json-schema/check.ts');
// Ajv and the regular expression engine are loaded by the first check, not with the catalog.
let checker: Promise<Checker> | undefined;

/**
 * Checks data against a JSON Schema.
 *
 * Effect: none; repeating it changes nothing. Nothing is fetched: a `$ref` must be answered by the schema itself.
 * Formats are checked; unknown keywords and formats are annotations. Patterns are matched in linear time, so lookaround and
 * back references are refused. Compiled schemas are kept, and found again by what they say.
 *
 * Of small inline data nothing is remembered: a replay checks it again.
 *
 * Errors, all terminal: `SCHEMA_VALIDATION_FAILED` ("Schema validation failed: ...", `details`: a `SchemaFailure[]`),
 * `SCHEMA_INVALID`, `SCHEMA_DRAFT_UNKNOWN`, `SCHEMA_REF_UNRESOLVED`, `SCHEMA_DATA_NOT_JSON`, `SCHEMA_DATA_TOO_LARGE`,
 * `SCHEMA_DATA_TOO_DEEP`, and what the artifact store throws.
 */
export const schemaValidate = defineTask<typeof Input, typeof Output>({
  name: 'tasks/schema.validate',
  version: '0.1.0',
  title: 'Validate data against a JSON Schema',
  description: 'Checks a value, a JSON artifact or every record of an NDJSON artifact against a JSON Schema (drafts 07, 2019-09, 2020-12).',
  examples: [
    {
      title: 'A record that matches',
      input: { schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } }, data: { id: 7 } },
      output: { valid: true },
    },
    {
      title: 'A record that does not',
      input: { schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } }, data: { id: 'seven' } },
      error: 'SCHEMA_VALIDATION_FAILED',
    },
    {
      title: 'Every record of a list, failures naming the record',
      input: {
        schema: { type: 'object', required: ['amount'] },
        data: [
          { id: 'a', amount: 1 },
          { id: 'b', amount: 2 },
        ],
        each: true,
        recordId: '/id',
      },
      output: { valid: true, records: 2 },
    },
    { title: 'A schema that is none', input: { schema: { type: 'integr' }, data: 1 }, error: 'SCHEMA_INVALID' },
  ],
  effect: 'none',
  pure: ({ schema, data }) => !isArtifactRef(data) && isSmall([schema, data]),
  input: Input,
  output: Output,
  async execute(ctx, { payload }) {
    const { schema, data, each = false, recordId, maxFailures = MAX_FAILURES } = payload ?? {};
    const options = { each, maxFailures, ...(recordId === undefined ? {} : { recordId }) };
    if (typeof schema !== 'boolean' && (typeof schema !== 'object' || schema === null || Array.isArray(schema))) {
      throw new InvalidInputError('schema must be a JSON Schema: an object, true or false');
    }
    if (data === undefined) throw new InvalidInputError('data is missing: give the value, or an artifact, that is to be checked');
    await checkInput(payload);
    checker ??= import('../json-schema/check.ts');
    const { checkArtifact, checkEach, checkValue, validatorFor } = await checker;
    const validator = validatorFor(schema);
    let records: number | undefined;
    if (isArtifactRef(data)) records = await checkArtifact(createRunContext(ctx), validator, data, options);
    else if (each) records = checkEach(validator, data, options);
    else checkValue(validator, data, maxFailures);
    return { payload: { valid: true, ...(records === undefined ? {} : { records }) } };
  },
});

export default schemaValidate;
