import type { JsonSchema } from '@summit/maestro-sdk';
import { canonicalJson } from '@summit/maestro-sdk/canonical';
import { type AnySchema, keyword } from '../schema/refs.ts';
import { typesOf, valuesOf } from './types.ts';

/** Keywords that say nothing about which values fit. */
const ANNOTATIONS = new Set([
  'title',
  'description',
  'examples',
  '$comment',
  'deprecated',
  'readOnly',
  'writeOnly',
  '$id',
  '$schema',
  '$defs',
  'definitions',
]);
/** Keywords under which names are those of fields, not keywords. */
const NAMED = new Set(['properties', 'patternProperties', 'dependentSchemas']);
/** More shapes than this are not told apart. */
const MOST = 64;

/** The shapes a value may have. */
export interface Alternatives {
  /** Schemas without `anyOf`, `oneOf` and `allOf`; at least one. */
  list: JsonSchema[];
  /** Each `oneOf` that a value could fit twice, which it must not, as text: its shapes cannot be taken one by one. */
  exclusive: Set<string>;
  /** Those of them that every value is held to. */
  always: Set<string>;
}

/** A schema without what only describes it; other values are returned as they are. */
export function meaning(schema: unknown): unknown {
  return strip(schema, false);
}

function strip(value: unknown, names: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => strip(item, false));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => names || !ANNOTATIONS.has(name));
  return Object.fromEntries(
    entries.map(([name, item]) => {
      if (names || name !== 'const') return [name, name === 'enum' && !names ? item : strip(item, !names && NAMED.has(name))];
      return [name, item];
    }),
  );
}

/**
 * Writes `allOf`, `anyOf` and `oneOf` of a schema out into the shapes that they amount to; references at their top are followed.
 * `undefined` where that is not possible.
 */
export function alternativesOf(schema: JsonSchema, resolve: (schema: AnySchema) => AnySchema | undefined): Alternatives | undefined {
  let list: JsonSchema[] = [without(schema, ['allOf', 'anyOf', 'oneOf', '$ref'])];
  const exclusive = new Set<string>();
  const always = new Set<string>();
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    const branches = keyword(schema, name);
    if (!Array.isArray(branches)) continue;
    const shapes: JsonSchema[][] = [];
    for (const branch of branches as AnySchema[]) {
      const target = resolve(branch);
      if (target === undefined || target === false) return undefined;
      const inner =
        target === true ? { list: [{}], exclusive: new Set<string>(), always: new Set<string>() } : alternativesOf(target, resolve);
      if (!inner) return undefined;
      for (const text of inner.exclusive) exclusive.add(text);
      if (name === 'allOf') for (const text of inner.always) always.add(text);
      shapes.push(inner.list);
    }
    const joined = name === 'allOf' ? product(list, shapes) : product(list, [shapes.flat()]);
    if (!joined || joined.length === 0 || joined.length > MOST) return undefined;
    list = joined;
    if (name === 'oneOf' && overlap(joined)) {
      const text = canonicalJson(meaning(branches));
      exclusive.add(text);
      always.add(text);
    }
  }
  return { list, exclusive, always };
}

/** One of each list, all together, in every combination. */
function product(list: JsonSchema[], choices: JsonSchema[][]): JsonSchema[] | undefined {
  let result = list;
  for (const shapes of choices) {
    const next: JsonSchema[] = [];
    for (const a of result) {
      for (const b of shapes) {
        const both = merge(a, b);
        if (!both || next.length > MOST) return undefined;
        next.push(both);
      }
    }
    result = next;
  }
  return result;
}

/** A schema for what fits both; `undefined` where the two say different things of one keyword that cannot be put together. */
function merge(a: JsonSchema, b: JsonSchema): JsonSchema | undefined {
  const merged: JsonSchema = { ...a };
  for (const [name, value] of Object.entries(b)) {
    if (!Object.hasOwn(merged, name) || ANNOTATIONS.has(name)) merged[name] = value;
    else if (name === 'required') merged[name] = [...new Set([...(merged[name] as string[]), ...(value as string[])])];
    else if (name === 'properties') {
      const fields = { ...(merged[name] as JsonSchema) };
      for (const [field, schema] of Object.entries(value as JsonSchema)) {
        fields[field] = Object.hasOwn(fields, field) ? { allOf: [fields[field], schema] } : schema;
      }
      merged[name] = fields;
    } else if (canonicalJson(merged[name]) !== canonicalJson(value)) return undefined;
  }
  return merged;
}

function overlap(list: JsonSchema[]): boolean {
  return list.some((a, at) => list.slice(at + 1).some((b) => !disjoint(a, b)));
}

/** Whether no value can fit both: by type, by a field that one needs and the other refuses, or by what a field that both need holds. */
function disjoint(a: JsonSchema, b: JsonSchema): boolean {
  const types = typesOf(b);
  const shared = [...typesOf(a)].filter(
    (type) => types.has(type) || (type === 'integer' && types.has('number')) || (type === 'number' && types.has('integer')),
  );
  if (shared.length === 0) return true;
  const values = valuesOf(b)?.map((value) => canonicalJson(value));
  if (values && valuesOf(a)?.every((value) => !values.includes(canonicalJson(value)))) return true;
  if (shared.some((type) => type !== 'object')) return false;
  return refuses(a, b) || refuses(b, a) || required(a).some((name) => required(b).includes(name) && apart(field(a, name), field(b, name)));
}

function refuses(closed: JsonSchema, other: JsonSchema): boolean {
  return keyword(closed, 'additionalProperties') === false && required(other).some((name) => field(closed, name) === undefined);
}

function apart(a: unknown, b: unknown): boolean {
  return isPlain(a) && isPlain(b) && disjoint(a, b);
}

function isPlain(schema: unknown): schema is JsonSchema {
  if (typeof schema !== 'object' || schema === null) return false;
  return !['$ref', 'allOf', 'anyOf', 'oneOf'].some((name) => Object.hasOwn(schema, name));
}

export function required(schema: JsonSchema): string[] {
  const names = keyword(schema, 'required');
  return Array.isArray(names) ? names.map(String) : [];
}

export function field(schema: JsonSchema, name: string): AnySchema | undefined {
  const fields = keyword(schema, 'properties');
  return typeof fields === 'object' && fields !== null && Object.hasOwn(fields, name)
    ? ((fields as JsonSchema)[name] as AnySchema)
    : undefined;
}

function without(schema: JsonSchema, names: string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !names.includes(name)));
}
