import { InvalidInputError, isTaskError } from '@summit/maestro-sdk';
import type { AnySchema, ErrorObject, ValidateFunction } from 'ajv';
import MissingRefError from 'ajv/dist/compile/ref_error.js';
import { ajvOptions, withKeywords } from './dialect.ts';
import { type Draft, draftOf } from './drafts.ts';
import { linearRegExp } from './linear-regexp.ts';

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
    throw isTaskError(cause) ? cause : compileError(cause);
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
    const ajv = withKeywords(draft.open(ajvOptions));
    // A pattern must be more than well-formed: one that can only be matched by backtracking is refused here, where its place is known.
    ajv.addFormat('regex', (pattern: string) => patternProblem(pattern) === undefined);
    validator = ajv.getSchema(draft.uri);
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
  const params = error.params as { format?: string; allowedValues?: unknown[] };
  if (params.format === 'regex')
    return `${place} has the pattern ${JSON.stringify(error.data)}, which cannot be used: ${patternProblem(String(error.data))}`;
  const choices = params.allowedValues ? `: ${params.allowedValues.join(', ')}` : '';
  return `${place} ${error.message ?? 'is wrong'}${choices}`;
}

function patternProblem(pattern: string): string | undefined {
  try {
    linearRegExp(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function compileError(cause: unknown): InvalidInputError {
  if (cause instanceof RangeError) {
    return new InvalidInputError('schema is nested too deeply, or refers to itself without end', { code: 'SCHEMA_INVALID', cause });
  }
  if (cause instanceof MissingRefError.default) {
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
