import type { JsonSchema } from '@summit/maestro-sdk';
import { canonicalJson } from '@summit/maestro-sdk/canonical';
import { fromJson } from '../parse/node.ts';
import { checkValue } from '../schema/check.ts';
import { keyword } from '../schema/refs.ts';
import type { Change, Side } from './change.ts';
import { valuesOf } from './types.ts';

/** Limits that may rise (-1) or fall (1) without losing a value, with the type they are about. */
const LIMITS: [name: string, wider: 1 | -1, type: string][] = [
  ['minimum', -1, 'number'],
  ['exclusiveMinimum', -1, 'number'],
  ['maximum', 1, 'number'],
  ['exclusiveMaximum', 1, 'number'],
  ['minLength', -1, 'string'],
  ['maxLength', 1, 'string'],
  ['minItems', -1, 'array'],
  ['maxItems', 1, 'array'],
];

/** Keywords of which it cannot be said whether one value of them allows more than another. */
const OPAQUE: [name: string, type: string][] = [
  ['pattern', 'string'],
  ['format', 'string'],
  ['contentEncoding', 'string'],
  ['multipleOf', 'number'],
  ['uniqueItems', 'array'],
  ['prefixItems', 'array'],
  ['contains', 'array'],
];

/** Listed values, limits and formats of two schemas; `types` are those that have to fit. */
export function compareScalars(before: JsonSchema, after: JsonSchema, path: string, side: Side, types: ReadonlySet<string>): Change[] {
  const [sub, sup] = side === 'input' ? [before, after] : [after, before];
  const values = compareValues(before, after, path, side);
  // Listed values were held against the other schema one by one.
  if (valuesOf(sub)) return [...values, ...defaults(before, after, path, side)];
  const concerns = (type: string) => types.has(type) || (type === 'number' && types.has('integer'));
  const changes = [...values, ...defaults(before, after, path, side)];
  for (const [name, wider, type] of LIMITS) {
    const [inner, outer] = [keyword(sub, name), keyword(sup, name)];
    if (!concerns(type) || inner === outer) continue;
    const fits = outer === undefined || (typeof inner === 'number' && typeof outer === 'number' && (outer - inner) * wider > 0);
    changes.push({ path, breaking: !fits, message: changed(name, before, after) });
  }
  for (const [name, type] of OPAQUE) {
    const [inner, outer] = [keyword(sub, name), keyword(sup, name)];
    if (!concerns(type) || canonical(inner) === canonical(outer)) continue;
    const fits = outer === undefined || outer === false;
    changes.push({ path, breaking: !fits, message: changed(name, before, after) });
  }
  return changes;
}

function compareValues(before: JsonSchema, after: JsonSchema, path: string, side: Side): Change[] {
  const [sub, sup] = side === 'input' ? [before, after] : [after, before];
  const inner = valuesOf(sub);
  const outer = valuesOf(sup);
  if (!inner) {
    if (!outer) return [];
    const message = `${side === 'input' ? 'takes only' : 'is no longer one of'} ${outer.map((value) => JSON.stringify(value)).join(', ')}`;
    return [{ path, breaking: true, message }];
  }
  const lost = inner.filter((value) => !fits(sup, value)).map((value) => JSON.stringify(value));
  if (lost.length > 0) {
    const message = `${side === 'input' ? 'no longer takes' : 'may now be'} ${lost.join(', ')}`;
    return [{ path, breaking: true, message }];
  }
  const known = new Set(inner.map((value) => canonicalJson(value)));
  const more = outer?.filter((value) => !known.has(canonicalJson(value))).map((value) => JSON.stringify(value)) ?? [];
  if (outer && more.length === 0) return [];
  const message = side === 'input' ? `takes ${outer ? `also ${more.join(', ')}` : 'more than before'}` : 'says more precisely what it is';
  return [{ path, breaking: false, message }];
}

function fits(schema: JsonSchema, value: unknown): boolean {
  const node = fromJson(value);
  return node !== undefined && checkValue(schema, node, { noun: 'property' }).length === 0;
}

/** Another default changes what a manifest does that leaves the field out, but not whether it is right. */
function defaults(before: JsonSchema, after: JsonSchema, path: string, side: Side): Change[] {
  if (side === 'output' || canonical(before.default) === canonical(after.default)) return [];
  return [{ path, breaking: false, message: changed('default', before, after) }];
}

function changed(name: string, before: JsonSchema, after: JsonSchema): string {
  const [old, fresh] = [keyword(before, name), keyword(after, name)];
  if (old === undefined) return `${name} is new: ${JSON.stringify(fresh)}`;
  if (fresh === undefined) return `${name} was ${JSON.stringify(old)} and is gone`;
  return `${name} was ${JSON.stringify(old)} and is ${JSON.stringify(fresh)}`;
}

function canonical(value: unknown): string {
  return value === undefined ? '' : canonicalJson(value);
}
