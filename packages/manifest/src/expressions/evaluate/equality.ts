import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { spend, spendText } from './meter.ts';
import { isPlainObject } from './values.ts';

/**
 * CEL's `==`: numbers are equal by value whatever their type, lists and maps by content, values of different types never.
 * JSON from outside is compared as it is: its numbers are equal to ints and doubles alike.
 */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) {
    if (typeof a === 'string') spendText(a.length);
    return true;
  }
  // biome-ignore lint/suspicious/noDoubleEquals: an int and a double are equal by value
  if (isNumber(a)) return isNumber(b) && numberOf(a) == numberOf(b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b);
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  if (a instanceof Duration) return b instanceof Duration && a.seconds === b.seconds && a.nanos === b.nanos;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  return isMap(a) && isMap(b) && equalMaps(a, b);
}

/** CEL's `in`: an element of a list, or a key of a map. */
export function includes(container: unknown[] | CelMapLike, value: unknown): boolean {
  if (!Array.isArray(container)) return hasKey(container, value);
  for (const element of container) {
    spend(1);
    if (equal(element, value)) return true;
  }
  return false;
}

export type CelMapLike = Map<unknown, unknown> | { [key: string]: unknown };

export function isMap(value: unknown): value is CelMapLike {
  return value instanceof Map || isPlainObject(value);
}

function isNumber(value: unknown): value is bigint | number | UnsignedInt {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof UnsignedInt;
}

function numberOf(value: bigint | number | UnsignedInt): bigint | number {
  return value instanceof UnsignedInt ? value.value : value;
}

function hasKey(map: CelMapLike, key: unknown): boolean {
  if (typeof key !== 'string' && typeof key !== 'bigint' && typeof key !== 'boolean') return false;
  return map instanceof Map ? map.has(String(key)) : Object.hasOwn(map, String(key)) && map[String(key)] !== undefined;
}

function valueAt(map: CelMapLike, key: string): unknown {
  return map instanceof Map ? map.get(key) : map[key];
}

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    spend(1);
    if (!equal(a[i], b[i])) return false;
  }
  return true;
}

function equalMaps(a: CelMapLike, b: CelMapLike): boolean {
  const keys = a instanceof Map ? [...a.keys()].map(String) : Object.keys(a);
  const size = b instanceof Map ? b.size : Object.keys(b).length;
  spend(1 + size);
  return keys.length === size && keys.every((key) => hasKey(b, key) && equal(valueAt(a, key), valueAt(b, key)));
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  spendText(a.length);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
