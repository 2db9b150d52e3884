import { InvalidInputError, isTaskError } from '@summit/maestro-sdk';
import { type AnySchema, type ErrorObject, MissingRefError, type ValidateFunction } from 'ajv';
import { ajvOptions, withKeywords } from './dialect.ts';
import { type Draft, draftOf } from './drafts.ts';
import { BadPattern } from './linear-regexp.ts';

/** Checks data and leaves what is wrong with it in `errors`. */
export type Validator = ValidateFunction;

// One per draft, for the drafts' own schemas; they keep nothing of what they check.
const metaValidators = new Map<Draft, Validator>();

/**
 * Compiles `schema`, which nobody must change afterwards. `text` is the same as JSON.
 * Every schema gets an Ajv of its own: a shared one keeps each schema it has ever seen, and lets one schema refer to another's `$id`s.
 * Throws `InvalidInputError`: `SCHEMA_DRAFT_UNKNOWN`, `SCHEMA_INVALID` (naming the place), `SCHEMA_REF_UNRESOLVED`.
 */
export function compileSchema(schema: AnySchema, text: string): Validator {
  const draft = draftOf(schema);
  try {
    checkSchema(draft, schema, text);
    const ajv = withKeywords(draft.open({ ...ajvOptions, validateSchema: false, ownProperties: INHERITED.test(text) }));
    const validator = ajv.compile(schema);
    if ('$async' in validator && validator.$async)
      throw new InvalidInputError('$async schemas are not JSON Schema; remove "$async"', { code: 'SCHEMA_INVALID' });
    return validator;
  } catch (cause) {
    throw isTaskError(cause) ? cause : compileError(cause, schema);
  }
}

/** Names that every JavaScript object inherits: a schema that mentions one needs the slower check for own properties. */
const INHERITED = new RegExp(`"(?:${Object.getOwnPropertyNames(Object.prototype).join('|')})"`);

function checkSchema(draft: Draft, schema: AnySchema, text: string): void {
  if (text.includes('"__proto__":')) {
    throw new InvalidInputError('schema has a key named "__proto__", which validators in JavaScript cannot check; remove it', {
      code: 'SCHEMA_INVALID',
    });
  }
  const validate = metaValidator(draft);
  if (validate(schema)) return;
  const problems = worst(validate.errors ?? []).map(describe);
  throw new InvalidInputError(`schema is not a valid JSON Schema (draft ${draft.name}): ${problems.slice(0, 3).join('; ')}`, {
    code: 'SCHEMA_INVALID',
    details: problems,
  });
}

function metaValidator(draft: Draft): Validator {
  let validator = metaValidators.get(draft);
  if (validator === undefined) {
    validator = withKeywords(draft.open(ajvOptions)).getSchema(draft.uri);
    if (validator === undefined) throw new Error(`Ajv does not bring the schema of draft ${draft.name}`);
    metaValidators.set(draft, validator);
  }
  return validator;
}

/** Of the many errors that one mistake causes in a schema of schemas, those that point to the innermost place. */
function worst(errors: ErrorObject[]): ErrorObject[] {
  const depth = (error: ErrorObject) => error.instancePath.split('/').length;
  const deepest = Math.max(...errors.map(depth));
  const seen = new Set<string>();
  return errors.filter((error) => depth(error) === deepest && !seen.has(describe(error)) && seen.add(describe(error)));
}

function describe(error: ErrorObject): string {
  const place = `#${error.instancePath}`;
  const { allowedValues } = error.params as { allowedValues?: unknown[] };
  const choices = allowedValues ? `: ${allowedValues.join(', ')}` : '';
  return `${place} ${error.message ?? 'is wrong'}${choices}`;
}

function compileError(cause: unknown, schema: AnySchema): InvalidInputError {
  if (cause instanceof RangeError) {
    return new InvalidInputError('schema is nested too deeply, or refers to itself without end', { code: 'SCHEMA_INVALID', cause });
  }
  if (cause instanceof BadPattern) {
    const place = findPattern(schema, cause.pattern, '#');
    return new InvalidInputError(
      `schema has the pattern ${JSON.stringify(cause.pattern)}${place ? ` at ${place}` : ''}, which cannot be used: ${cause.message}`,
      {
        code: 'SCHEMA_INVALID',
        cause,
      },
    );
  }
  if (cause instanceof MissingRefError) {
    return new InvalidInputError(
      `schema refers to ${JSON.stringify(cause.missingRef)}, which is not in it; nothing is fetched from the network: put that schema under $defs, with its $id`,
      { code: 'SCHEMA_REF_UNRESOLVED', cause },
    );
  }
  return new InvalidInputError(`schema cannot be compiled: ${cause instanceof Error ? cause.message : String(cause)}`, {
    code: 'SCHEMA_INVALID',
    cause,
  });
}

/** Where the schema has `pattern`: Ajv does not tell. */
function findPattern(schema: unknown, pattern: string, place: string): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  for (const [key, value] of Object.entries(schema)) {
    const here = `${place}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (key === 'pattern' && value === pattern) return here;
    if (key === 'patternProperties' && typeof value === 'object' && value !== null && Object.hasOwn(value, pattern)) return here;
    const found = findPattern(value, pattern, here);
    if (found !== undefined) return found;
  }
  return undefined;
}
