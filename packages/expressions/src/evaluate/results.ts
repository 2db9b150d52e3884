import { Optional } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { Failure } from '../errors.ts';
import { currentLimits } from './meter.ts';
import { base64, durationText, timestampText } from './text.ts';
import { isMadeByCel, isPlainObject, kindOf } from './values.ts';

/** What a result may still hold. */
export interface Room {
  values: number;
  text: number;
  /** Whether data from outside may occur in the result more often than in the expression; see `mayRepeat`. */
  countOutside: boolean;
}

/**
 * A value as JSON. Ints become numbers (outside the range that JSON keeps exactly it is an error), timestamps RFC 3339,
 * durations `1.5s`, bytes base64, types their name. Data from outside is passed on as it is, not copied; whether its size has to be counted, `mayRepeat` knows.
 */
export function toJsonValue(value: unknown, countOutside: boolean): unknown {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return safe(value);
  const limits = currentLimits();
  if (typeof value === 'string' && value.length <= limits.resultText) return value;
  return convert(value, { values: limits.resultValues, text: limits.resultText, countOutside });
}

/** The text of a value inside a longer text: as CEL's `string()` has it, and JSON for lists and maps. */
export function toText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'number':
      return String(finite(value));
  }
  if (value === null) {
    throw new Failure(
      'expression-value',
      'null cannot become part of a text; say what to write instead, as in `x == null ? "none" : string(x)`',
    );
  }
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  const json = toJsonValue(value, true);
  return typeof json === 'string' ? json : JSON.stringify(json);
}

/** Room for a result that is made piece by piece, of data that need not be counted. */
export function newRoom(): Room {
  const limits = currentLimits();
  return { values: limits.resultValues, text: limits.resultText, countOutside: false };
}

/** Takes the room of a list or a map with so many characters of keys. */
export function takeRoom(room: Room, text: number): void {
  if (--room.values < 0) throw tooLarge('values', currentLimits().resultValues);
  room.text -= text;
  if (room.text < 0) throw tooLarge('characters of text', currentLimits().resultText);
}

/** A value as JSON, as far as there is room for it. */
export function convert(value: unknown, room: Room): unknown {
  if (--room.values < 0) throw tooLarge('values', currentLimits().resultValues);
  if (typeof value === 'string') return counted(value, room);
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'bigint') return safe(value);
  if (typeof value === 'number') return finite(value);
  if (typeof value === 'object') {
    if (Array.isArray(value)) return isMadeByCel(value) ? convertList(value, room) : outside(value, room);
    if (isPlainObject(value)) return isMadeByCel(value) ? convertMap(value, room) : outside(value, room);
    if (value instanceof Map) return convertMap(Object.fromEntries([...value].map(([key, each]) => [String(key), each])), room);
    if (value instanceof Date) return timestampText(value);
    if (value instanceof Duration) return durationText(value);
    if (value instanceof Uint8Array) return counted(base64(value), room);
    if (value instanceof UnsignedInt) return safe(value.value);
    if (value instanceof Optional) {
      throw new Failure('expression-type', 'the result is optional; say what to take when it is absent, as in `a.?b.orValue("none")`');
    }
    const name = (value as { name?: unknown }).name;
    if (kindOf(value) === 'type' && typeof name === 'string') return name;
  }
  throw new Failure('expression-type', `a result of type ${kindOf(value)} has no JSON`);
}

function convertList(list: readonly unknown[], room: Room): unknown[] {
  const converted = new Array<unknown>(list.length);
  for (let i = 0; i < list.length; i++) converted[i] = convert(list[i], room);
  return converted;
}

function convertMap(map: { [key: string]: unknown }, room: Room): { [key: string]: unknown } {
  const converted: { [key: string]: unknown } = {};
  // Neither a map that CEL made nor one without a class has enumerable fields that are not its own.
  for (const key in map) setField(converted, counted(key, room), convert(map[key], room));
  return converted;
}

/** Sets an own field, whatever its name. */
export function setField(object: { [key: string]: unknown }, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
  else object[key] = value;
}

function outside<T extends object>(value: T, room: Room): T {
  if (room.countOutside) count(value, room);
  return value;
}

/** Takes the room that data from outside will need when it is written down. */
function count(value: object, room: Room): void {
  const fields: unknown[] = Array.isArray(value) ? value : Object.values(value);
  room.values -= fields.length;
  if (room.values < 0) throw tooLarge('values', currentLimits().resultValues);
  for (const field of fields) {
    if (typeof field === 'string') counted(field, room);
    else if (typeof field === 'object' && field !== null) count(field, room);
  }
}

function counted(text: string, room: Room): string {
  room.text -= text.length;
  if (room.text < 0) throw tooLarge('characters of text', currentLimits().resultText);
  return text;
}

function tooLarge(unit: string, limit: number): Failure {
  return new Failure('expression-limit', `the result is too large: more than ${limit} ${unit}`);
}

function safe(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new Failure(
    'expression-value',
    `the integer ${value} is outside of what JSON keeps exactly (±${Number.MAX_SAFE_INTEGER}); pass it on as text with string()`,
  );
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new Failure('expression-value', `the result is ${value}, which JSON does not have`);
}
