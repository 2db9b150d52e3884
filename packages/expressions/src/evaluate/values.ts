import { Optional } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';

/*
 * How values are held while an expression is evaluated: CEL ints are bigints, doubles are numbers, everything else is as
 * in cel-js. JSON that comes from outside is not converted, as it may be large: its integers become bigints when they are
 * read (`lift`). A list or map that CEL made holds lifted values already, and its numbers are doubles: it is marked, so
 * that `[2.0][0]` stays a double and so that results from outside are passed on without looking into them.
 */
const MADE_BY_CEL = Symbol('made by CEL');

type Marked = { [MADE_BY_CEL]?: true };

/** A map that CEL made. It inherits nothing but the mark: any string is a key like any other. */
const CelMap = function CelMap() {} as unknown as new () => { [key: string]: unknown };
CelMap.prototype = Object.create(null, { [MADE_BY_CEL]: { value: true } });

/** Marks a list or map that CEL made. */
export function mark<T extends object>(container: T): T {
  (container as Marked)[MADE_BY_CEL] = true;
  return container;
}

/** An empty map that CEL makes. */
export function newMap(): { [key: string]: unknown } {
  return new CelMap();
}

export function isMadeByCel(container: object): boolean {
  return (container as Marked)[MADE_BY_CEL] === true;
}

/** An integer that JSON can hold exactly is an int; other numbers are doubles. */
export function liftScalar(value: unknown): unknown {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}

/** A value as CEL sees it when it is read from `container`. */
export function lift(value: unknown, container: object): unknown {
  return typeof value === 'number' && Number.isSafeInteger(value) && !isMadeByCel(container) ? BigInt(value) : value;
}

/** A JSON object or a map that CEL made. */
export function isPlainObject(value: unknown): value is { [key: string]: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || prototype === CelMap.prototype;
}

/** What a value is, in CEL's words. */
export function kindOf(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    case 'undefined':
      return 'nothing';
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Date) return 'timestamp';
  if (value instanceof Duration) return 'duration';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof UnsignedInt) return 'uint';
  if (value instanceof Optional) return 'optional';
  if (value instanceof Map || isPlainObject(value)) return 'map';
  return 'type';
}
