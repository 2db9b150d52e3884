import { hash } from 'node:crypto';
import { canonicalJson, InvalidInputError } from '@summit/maestro-sdk';
import type { AnySchema } from 'ajv';
import equal from 'fast-deep-equal';
import { compileSchema, type Validator } from './compile.ts';
import { Lru } from './lru.ts';

/** A compiled schema. Emptied when it leaves the cache, so that whoever still holds it keeps nothing alive. */
interface Compiled {
  schema: AnySchema | undefined;
  validator: Validator | undefined;
}

/** Compiled schemas kept at most; each takes some tens of kilobytes. */
const LIMIT = 256;

const byDigest = new Lru<string, Compiled>(LIMIT, (evicted) => {
  evicted.schema = undefined;
  evicted.validator = undefined;
});
/** Spares a schema object that was seen before its digest, as long as it still says what it said then. */
const byIdentity = new WeakMap<object, Compiled>();

/** The validator of `schema`; compiled once for all schemas that are equal as JSON. Throws as `compileSchema` does. */
export function validatorFor(schema: AnySchema): Validator {
  if (typeof schema === 'object') {
    const known = byIdentity.get(schema);
    if (known?.validator !== undefined && equal(schema, known.schema)) return known.validator;
  }
  const text = jsonText(schema);
  const digest = hash('sha256', text);
  let compiled = byDigest.get(digest);
  if (compiled === undefined) {
    // A copy of our own: the caller may change theirs at any time.
    const own = JSON.parse(text) as AnySchema;
    compiled = { schema: own, validator: compileSchema(own, text) };
    byDigest.set(digest, compiled);
  }
  if (typeof schema === 'object') byIdentity.set(schema, compiled);
  return compiled.validator as Validator;
}

function jsonText(schema: AnySchema): string {
  try {
    return canonicalJson(schema);
  } catch (cause) {
    throw new InvalidInputError(`schema is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      code: 'SCHEMA_INVALID',
      cause,
    });
  }
}
