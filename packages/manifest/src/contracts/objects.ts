import type { JsonSchema } from '@summit/maestro-sdk';
import { type AnySchema, keyword } from '../schema/refs.ts';
import { field, required } from './alternatives.ts';
import type { Change, Comparing } from './change.ts';

/** The fields of two object schemas. A new optional input and a new field of an output are compatible, whether or not the object is open. */
export function compareObjects(
  { before, after, path }: { before: JsonSchema; after: JsonSchema; path: string },
  comparing: Comparing,
): Change[] {
  const { side } = comparing;
  const changes: Change[] = [];
  const had = new Set(required(before));
  const has = new Set(required(after));
  const others = { before: rest(before), after: rest(after) };
  for (const name of names(before)) {
    const at = `${path}${step(name)}`;
    const [old, fresh] = [field(before, name) as AnySchema, field(after, name)];
    if (fresh !== undefined) changes.push(...comparing.compare({ before: old, after: fresh, path: at }));
    else if (typeof others.after === 'object') changes.push(...comparing.compare({ before: old, after: others.after, path: at }));
    else changes.push({ path: at, breaking: true, message: 'was removed' });
    if (side === 'output' && fresh !== undefined && had.has(name) && !has.has(name)) {
      changes.push({ path: at, breaking: true, message: 'is not always there any more' });
    }
    if (side === 'input' && had.has(name) && fresh !== undefined && !has.has(name)) {
      changes.push({ path: at, breaking: false, message: 'is optional now' });
    }
  }
  for (const name of has) {
    if (side !== 'input' || had.has(name)) continue;
    const known = field(before, name) !== undefined;
    changes.push({ path: `${path}${step(name)}`, breaking: true, message: known ? 'is required now' : 'is new and required' });
  }
  for (const name of names(after)) {
    if (field(before, name) !== undefined || (side === 'input' && has.has(name))) continue;
    const at = `${path}${step(name)}`;
    const fresh = field(after, name) as AnySchema;
    // It was one of the fields without a name of their own, where those have a type.
    if (typeof others.before === 'object') changes.push(...comparing.compare({ before: others.before, after: fresh, path: at }));
    changes.push({ path: at, breaking: false, message: side === 'input' ? 'is new and optional' : 'is new' });
  }
  return [...changes, ...compareRest(others, path, comparing), ...opaque(before, after, path, side === 'input' ? after : before)];
}

/** What fields without a name of their own may hold. */
function compareRest({ before, after }: { before: AnySchema; after: AnySchema }, path: string, comparing: Comparing): Change[] {
  const at = `${path}.*`;
  if (before === false) return [];
  if (after === false) {
    // Outputs that say nothing of other fields promise none.
    if (comparing.side === 'output' && before === true) return [];
    return [
      { path, breaking: true, message: comparing.side === 'input' ? 'no longer takes other fields' : 'has no other fields any more' },
    ];
  }
  if (before === true && after === true) return [];
  return comparing.compare({ before, after, path: at });
}

const OPAQUE = [
  'patternProperties',
  'propertyNames',
  'dependentRequired',
  'dependentSchemas',
  'dependencies',
  'minProperties',
  'maxProperties',
  'unevaluatedProperties',
  'not',
  'if',
  'then',
  'else',
];

/** Keywords that are compared as they stand. */
function opaque(before: JsonSchema, after: JsonSchema, path: string, decisive: JsonSchema): Change[] {
  return OPAQUE.filter(
    (name) => keyword(decisive, name) !== undefined && JSON.stringify(keyword(before, name)) !== JSON.stringify(keyword(after, name)),
  ).map((name) => ({ path, breaking: true, message: `${name} changed` }));
}

function rest(schema: JsonSchema): AnySchema {
  return (keyword(schema, 'additionalProperties') as AnySchema | undefined) ?? true;
}

function names(schema: JsonSchema): string[] {
  const fields = keyword(schema, 'properties');
  return typeof fields === 'object' && fields !== null ? Object.keys(fields) : [];
}

function step(name: string): string {
  return /^[A-Za-z_$][\w$-]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
