import type { JsonSchema } from '@summit/maestro-sdk';
import { fromJson, setOwn } from '../parse/node.ts';
import { checkValue } from './check.ts';
import { hasFormat } from './formats.ts';
import { textFor } from './pattern-sample.ts';
import { type AnySchema, dereference, isSchema, keyword } from './refs.ts';

/** Deeper than any value a task returns: the schema contains itself. */
const MAX_DEPTH = 32;

/** What strings of a format look like. */
const texts: Record<string, string> = {
  'date-time': '2000-01-01T00:00:00Z',
  date: '2000-01-01',
  time: '00:00:00Z',
  duration: 'PT0S',
  uri: 'https://example.org/',
  'uri-reference': '/',
  url: 'https://example.org/',
  email: 'someone@example.org',
  hostname: 'example.org',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uuid: '00000000-0000-4000-8000-000000000000',
  'json-pointer': '',
  regex: 'x',
  re2: 'x',
};

/** A value that could not be found. */
const NONE = Symbol('no value');

/**
 * A small value that fits `schema`, the same every time: constants and first choices where there are any, required fields,
 * the shortest lists, numbers next to 0. Undefined where none is found: then there is none, or the schema says more than this
 * understands (`not`, `if`, unusual patterns).
 */
export function sampleOf(schema: AnySchema): unknown {
  const value = new Sampler(schema).sample(schema, 0, 0);
  return value === NONE ? undefined : value;
}

class Sampler {
  readonly #root: AnySchema;

  constructor(root: AnySchema) {
    this.#root = root;
  }

  /** `nth`: a different value for every number, as far as there are any. */
  sample(given: AnySchema, depth: number, nth: number): unknown {
    const schema = this.#flat(given, 0);
    if (schema === undefined || schema === false || depth > MAX_DEPTH) return NONE;
    if (schema === true) return nth === 0 ? null : nth;
    for (const candidate of this.#candidates(schema, depth, nth)) {
      if (candidate !== NONE && this.#fits(schema, candidate)) return candidate;
    }
    return NONE;
  }

  *#candidates(schema: JsonSchema, depth: number, nth: number): Generator<unknown> {
    if (Object.hasOwn(schema, 'const')) return yield schema.const;
    const choices = keyword(schema, 'enum');
    if (Array.isArray(choices)) return yield* [...choices.slice(nth), ...choices.slice(0, nth)];
    for (const name of ['anyOf', 'oneOf']) {
      const branches = keyword(schema, name);
      if (!Array.isArray(branches)) continue;
      const { [name]: _, ...rest } = schema;
      for (const branch of branches.filter(isSchema)) yield this.sample({ allOf: [rest, branch] }, depth + 1, nth);
      return;
    }
    for (const type of typesOf(schema)) yield* this.#ofType(type, schema, depth, nth);
  }

  *#ofType(type: string, schema: JsonSchema, depth: number, nth: number): Generator<unknown> {
    if (type === 'object') yield this.#object(schema, depth, nth);
    else if (type === 'array') yield this.#array(schema, depth, nth);
    else if (type === 'string') yield text(schema, nth);
    else if (type === 'integer' || type === 'number') yield* numbers(schema, type === 'integer', nth);
    else if (type === 'boolean') yield* nth % 2 === 0 ? [false, true] : [true, false];
    else yield null;
  }

  #object(schema: JsonSchema, depth: number, nth: number): unknown {
    const properties = record(keyword(schema, 'properties'));
    const names = new Set(strings(keyword(schema, 'required')));
    const dependent = record(keyword(schema, 'dependentRequired'));
    for (const name of names) for (const more of strings(dependent[name])) names.add(more);
    const least = numberOf(schema, 'minProperties') ?? 0;
    const additional = keyword(schema, 'additionalProperties');
    const open = additional === undefined || isSchema(additional) ? (additional ?? true) : true;
    for (const name of [...Object.keys(properties), ...Array.from({ length: least }, (_, i) => `key${i + 1}`)]) {
      if (names.size >= least) break;
      if (Object.hasOwn(properties, name) || open !== false) names.add(name);
    }
    const value: { [key: string]: unknown } = {};
    let first = true;
    for (const name of names) {
      const own = Object.hasOwn(properties, name) ? properties[name] : open;
      const field = isSchema(own) ? this.sample(own, depth + 1, first ? nth : 0) : null;
      if (field === NONE) return NONE;
      first = false;
      setOwn(value, name, field);
    }
    return value;
  }

  #array(schema: JsonSchema, depth: number, nth: number): unknown {
    const prefix = keyword(schema, 'prefixItems');
    const heads = Array.isArray(prefix) ? prefix.filter(isSchema) : [];
    const rest = keyword(schema, 'items');
    const contains = keyword(schema, 'contains');
    const needed = isSchema(contains) ? (numberOf(schema, 'minContains') ?? 1) : 0;
    const length = Math.max(numberOf(schema, 'minItems') ?? 0, needed > 0 ? heads.length + needed : 0, nth > 0 ? 1 : 0);
    if (length > 10_000) return NONE;
    const unique = keyword(schema, 'uniqueItems') === true;
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) {
      const own: AnySchema = heads[i] ?? (isSchema(rest) ? rest : true);
      const both: AnySchema = i >= heads.length && i < heads.length + needed && isSchema(contains) ? { allOf: [own, contains] } : own;
      const item = this.sample(both, depth + 1, unique ? nth + i : i === 0 ? nth : 0);
      if (item === NONE) return NONE;
      items.push(item);
    }
    return items;
  }

  /** References followed, and `allOf` taken together. */
  #flat(given: AnySchema, depth: number): AnySchema | undefined {
    if (depth > MAX_DEPTH) return undefined;
    if (typeof given === 'boolean') return given;
    const target = dereference(given, this.#root);
    if (target === undefined) return undefined;
    const parts: AnySchema[] = [];
    if (target !== given) {
      parts.push(target);
      const { $ref: _, ...beside } = given;
      if (Object.keys(beside).length > 0) parts.push(beside);
    }
    const all = target === given ? keyword(given, 'allOf') : undefined;
    if (Array.isArray(all)) {
      const { allOf: _, ...beside } = given;
      parts.push(beside, ...all.filter(isSchema));
    }
    if (parts.length === 0) return given;
    let merged: AnySchema = true;
    for (const part of parts) {
      const flat = this.#flat(part, depth + 1);
      if (flat === undefined || flat === false) return flat;
      if (flat !== true) merged = merged === true ? flat : merge(merged as JsonSchema, flat);
    }
    return merged;
  }

  #fits(schema: JsonSchema, value: unknown): boolean {
    const root = this.#root;
    const definitions = typeof root === 'boolean' ? {} : { $defs: root.$defs, definitions: root.definitions };
    const whole = { ...(JSON.parse(JSON.stringify(definitions)) as JsonSchema), ...schema };
    const node = fromJson(value);
    return node !== undefined && checkValue(whole, node, { noun: 'value' }).length === 0;
  }
}

/** Both schemas at once, as far as keywords can say it; what remains is found when the value is checked. */
function merge(a: JsonSchema, b: JsonSchema): JsonSchema {
  const merged: JsonSchema = { ...a };
  for (const [name, value] of Object.entries(b)) {
    const other = keyword(a, name);
    merged[name] = other === undefined ? value : mergeKeyword(name, other, value);
  }
  return merged;
}

function mergeKeyword(name: string, a: unknown, b: unknown): unknown {
  if (name === 'properties') {
    const properties: Record<string, unknown> = { ...record(a) };
    for (const [key, schema] of Object.entries(record(b))) {
      const own = Object.hasOwn(properties, key) ? properties[key] : undefined;
      setOwn(properties, key, own === undefined ? schema : { allOf: [own, schema] });
    }
    return properties;
  }
  if (name === 'required') return [...new Set([...strings(a), ...strings(b)])];
  if (name === 'type') {
    const allowed = [a].flat();
    const both = [b].flat().filter((type) => allowed.includes(type) || (type === 'integer' && allowed.includes('number')));
    return both.length > 0 ? both : allowed.includes('integer') && [b].flat().includes('number') ? 'integer' : [];
  }
  if (name === 'enum' && Array.isArray(a) && Array.isArray(b)) {
    const texts = new Set(b.map((value) => JSON.stringify(value)));
    return a.filter((value) => texts.has(JSON.stringify(value)));
  }
  if (/^(min|exclusiveMin)/.test(name)) return Math.max(Number(a), Number(b));
  if (/^(max|exclusiveMax)/.test(name)) return Math.min(Number(a), Number(b));
  if (name === 'items' || name === 'contains' || name === 'additionalProperties')
    return a === true ? b : b === true ? a : { allOf: [a, b] };
  return b;
}

/** The types to try: as declared, without `null` first; where none is, as the keywords suggest. */
function typesOf(schema: JsonSchema): string[] {
  const declared = keyword(schema, 'type');
  if (declared !== undefined) {
    const types = [declared].flat() as string[];
    return [...types.filter((type) => type !== 'null'), ...types.filter((type) => type === 'null')];
  }
  const has = (...names: string[]) => names.some((name) => Object.hasOwn(schema, name));
  if (has('properties', 'required', 'minProperties', 'dependentRequired', 'additionalProperties')) return ['object'];
  if (has('items', 'prefixItems', 'minItems', 'contains')) return ['array'];
  if (has('minLength', 'maxLength', 'pattern', 'format')) return ['string'];
  if (has('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf')) return ['number'];
  return ['null', 'object', 'string', 'integer', 'array', 'boolean'];
}

function text(schema: JsonSchema, nth: number): unknown {
  const min = numberOf(schema, 'minLength') ?? 0;
  const max = numberOf(schema, 'maxLength') ?? Number.POSITIVE_INFINITY;
  const pattern = keyword(schema, 'pattern');
  const format = keyword(schema, 'format');
  if (typeof format === 'string' && Object.hasOwn(texts, format) && nth === 0) {
    const known = texts[format] ?? '';
    if (known.length >= min && known.length <= max && hasFormat(format, known)) return known;
  }
  if (typeof pattern === 'string') return textFor(pattern, min, max) ?? NONE;
  if (min > 1_000_000) return NONE;
  // Not empty, where that is allowed: what reads it will rarely take an empty text.
  const word = nth === 0 ? 'preview' : `preview${nth}`;
  return word
    .slice(-Math.min(max, word.length) || word.length)
    .slice(0, max)
    .padEnd(min, '.');
}

function* numbers(schema: JsonSchema, integer: boolean, nth: number): Generator<unknown> {
  const step = numberOf(schema, 'multipleOf') ?? 1;
  const low = numberOf(schema, 'minimum') ?? numberOf(schema, 'exclusiveMinimum');
  const high = numberOf(schema, 'maximum') ?? numberOf(schema, 'exclusiveMaximum');
  const near = low !== undefined && low > 0 ? low : high !== undefined && high < 0 ? high : 0;
  const up = near >= 0;
  const base = (up ? Math.ceil(near / step) : Math.floor(near / step)) * step;
  for (const offset of [nth, nth + 1, nth + 2, -nth - 1]) {
    const value = base + (up ? offset : -offset) * step;
    yield integer ? Math.round(value) : Number(value.toPrecision(15));
  }
  if (integer) return;
  if (low !== undefined && high !== undefined) yield low + (high - low) / (nth + 2);
  yield near;
}

function numberOf(schema: JsonSchema, name: string): number | undefined {
  const value = keyword(schema, name);
  return typeof value === 'number' ? value : undefined;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
