import type { JsonSchema } from '@summit/maestro-sdk';
import { type AnySchema, isSchema } from '../../schema/refs.ts';

/** Keywords whose value is one schema. */
export const SINGLE = ['additionalProperties', 'additionalItems', 'contains', 'propertyNames', 'not', 'if', 'then', 'else'] as const;
/** Keywords whose value is a list of schemas. */
export const LISTS = ['allOf', 'anyOf', 'oneOf'] as const;
/** Keywords whose value is schemas by name. */
export const MAPS = ['properties', 'patternProperties'] as const;

/** What tells people about a value and checks nothing. */
export const ANNOTATIONS = ['title', 'description', 'markdownDescription', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly'];

/** Checks of a value that stand for themselves, as draft-07 has them. */
const PLAIN = new Set([
  ...ANNOTATIONS,
  'type',
  'enum',
  'const',
  'minLength',
  'maxLength',
  'patternErrorMessage',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minItems',
  'maxItems',
  'uniqueItems',
  'required',
  'minProperties',
  'maxProperties',
]);

/** Formats that mean the same to every validator. */
const FORMATS = new Set(['date-time', 'date', 'time', 'uri', 'uri-reference', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid']);

/** The keywords of a schema that hold no other schema, as an editor understands them; its own ones (`x-...`) and identities are left out. */
export function plainKeywords(schema: JsonSchema): JsonSchema {
  const kept: JsonSchema = {};
  for (const [name, value] of Object.entries(schema)) {
    if (PLAIN.has(name)) kept[name] = value;
    else if (name === 'pattern' && isPattern(value)) kept.pattern = value;
    else if (name === 'format' && FORMATS.has(String(value))) kept.format = value;
  }
  if (kept.pattern === undefined) delete kept.patternErrorMessage;
  return kept;
}

/** Whether JavaScript, in which editors match, reads it too: RE2 has flags and anchors that it does not. */
export function isPattern(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  try {
    new RegExp(value, 'u');
    return true;
  } catch {
    return false;
  }
}

/** A schema of the language for an editor: every keyword that draft-07 has; `change` is applied to each schema that comes out. */
export function toDraft07(schema: AnySchema, change: (schema: JsonSchema) => JsonSchema = (same) => same): AnySchema {
  if (typeof schema === 'boolean') return schema;
  const into = plainKeywords(schema);
  const recur = (value: unknown): AnySchema => toDraft07(value as AnySchema, change);
  for (const name of SINGLE) if (isSchema(schema[name])) into[name] = recur(schema[name]);
  for (const name of LISTS) if (Array.isArray(schema[name])) into[name] = schema[name].map(recur);
  for (const name of MAPS) if (isSchemas(schema[name])) into[name] = mapValues(schema[name], recur);
  if (isSchema(schema.items)) into.items = recur(schema.items);
  else if (Array.isArray(schema.items)) into.items = schema.items.map(recur);
  return change(into);
}

export function isSchemas(value: unknown): value is { [name: string]: AnySchema } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function mapValues<T, U>(object: { [name: string]: T }, map: (value: T) => U): { [name: string]: U } {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));
}

/** `if`, `then` and `else` of a schema. */
export function choice(condition: AnySchema, yes: AnySchema, no?: AnySchema): JsonSchema {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  return { if: condition, then: yes, ...(no === undefined ? {} : { else: no }) };
}
