import { UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { isPlainObject } from './values.ts';

/**
 * A map while it is evaluated: JSON objects and maps with text keys are objects, a map with other keys (or with the key
 * `constructor`, by which cel-js would take an object for something else) is a `Map` whose ints are bigints.
 */
export type CelMapping = Map<unknown, unknown> | { [key: string]: unknown };

export function isMapping(value: unknown): value is CelMapping {
  return value instanceof Map || isPlainObject(value);
}

/** A value as a key: numbers that are equal are the same key. `undefined` when it cannot be one. */
export function keyOf(value: unknown): string | bigint | boolean | undefined {
  switch (typeof value) {
    case 'string':
    case 'bigint':
    case 'boolean':
      return value;
    case 'number':
      return Number.isInteger(value) ? BigInt(value) : undefined;
  }
  return value instanceof UnsignedInt ? value.value : undefined;
}

/** The value at a key, `undefined` without one. */
export function valueAt(map: CelMapping, key: unknown): unknown {
  if (!(map instanceof Map)) return typeof key === 'string' && Object.hasOwn(map, key) ? map[key] : undefined;
  const own = keyOf(key);
  return own === undefined ? undefined : map.get(own);
}

export function keysOf(map: CelMapping): unknown[] {
  return map instanceof Map ? [...map.keys()] : Object.keys(map);
}
