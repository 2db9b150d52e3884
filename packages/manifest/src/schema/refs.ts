import type { JsonSchema } from '@summit/maestro-sdk';

/** A schema, or `true`/`false` for everything and nothing. */
export type AnySchema = JsonSchema | boolean;

export function isSchema(value: unknown): value is AnySchema {
  return typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value));
}

/** Own keyword of a schema; schemas are foreign, so `constructor` must not find anything. */
export function keyword(schema: JsonSchema, name: string): unknown {
  return Object.hasOwn(schema, name) ? schema[name] : undefined;
}

/** Follows `$ref` within the document of `root`; `undefined` where it leads outside of it or nowhere. */
export function dereference(schema: AnySchema, root: AnySchema): AnySchema | undefined {
  let current: AnySchema | undefined = schema;
  // A chain of references longer than this is a circle.
  for (let steps = 0; steps < 32; steps++) {
    if (current === undefined || typeof current === 'boolean') return current;
    const ref: unknown = keyword(current, '$ref');
    if (typeof ref !== 'string') return current;
    current = typeof root === 'boolean' ? undefined : target(ref, root);
  }
  return undefined;
}

function target(ref: string, root: JsonSchema): AnySchema | undefined {
  if (ref === '#' || ref === keyword(root, '$id')) return root;
  if (ref.startsWith('#/')) {
    let current: unknown = root;
    for (const raw of ref.slice(2).split('/')) {
      if (typeof current !== 'object' || current === null) return undefined;
      const step = decode(raw);
      if (step === undefined || !Object.hasOwn(current, step)) return undefined;
      current = (current as { [key: string]: unknown })[step];
    }
    return isSchema(current) ? current : undefined;
  }
  const name = ref.startsWith('#') ? ref.slice(1) : ref;
  for (const definitions of [keyword(root, '$defs'), keyword(root, 'definitions')]) {
    if (typeof definitions !== 'object' || definitions === null) continue;
    for (const definition of Object.values(definitions) as unknown[]) {
      if (!isSchema(definition) || typeof definition === 'boolean') continue;
      if (keyword(definition, '$id') === name || keyword(definition, '$anchor') === name) return definition;
    }
  }
  return undefined;
}

function decode(step: string): string | undefined {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return undefined;
  }
}
