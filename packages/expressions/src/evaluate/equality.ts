import { Optional } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { type CelMapping, isMapping, keysOf, valueAt } from './maps.ts';
import { spend, spendText } from './meter.ts';

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
  if (a instanceof Optional) return b instanceof Optional && equal(a.orValue(undefined), b.orValue(undefined));
  return isMapping(a) && isMapping(b) && equalMaps(a, b);
}

/** CEL's `in`: an element of a list, or a key of a map. */
export function includes(container: unknown[] | CelMapping, value: unknown): boolean {
  if (!Array.isArray(container)) return valueAt(container, value) !== undefined;
  for (const element of container) {
    spend(1);
    if (equal(element, value)) return true;
  }
  return false;
}

function isNumber(value: unknown): value is bigint | number | UnsignedInt {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof UnsignedInt;
}

function numberOf(value: bigint | number | UnsignedInt): bigint | number {
  return value instanceof UnsignedInt ? value.value : value;
}

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    spend(1);
    if (!equal(a[i], b[i])) return false;
  }
  return true;
}

function equalMaps(a: CelMapping, b: CelMapping): boolean {
  const keys = keysOf(a);
  spend(1 + keys.length);
  if (keys.length !== keysOf(b).length) return false;
  return keys.every((key) => {
    const other = valueAt(b, key);
    return other !== undefined && equal(valueAt(a, key), other);
  });
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  spendText(a.length);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
