import { isUtf8 } from 'node:buffer';

/** A record of a stream, or what is wrong with it and how it begins. `number` counts from 1. */
export type SourceRecord = { number: number; value: unknown; inexact?: Inexact } | { number: number; problem: string; text: string };

/** Of a record whose `value` has other digits than its text: it holds integers that a number of JavaScript cannot be. */
export interface Inexact {
  /** The first of them, as it is written. */
  integer: string;
  /** The value, with these integers as texts. */
  exact: unknown;
  /** The whole record, as it is written. */
  text: string;
}

/** Longest record, in bytes: the only part of a stream that is ever in memory as a whole. */
export const LONGEST_RECORD = 16 * 1024 * 1024;

/** Reads the text of one record, of which at most `longest + 1` bytes were kept. */
export function parseRecord(number: number, text: Buffer, longest: number): SourceRecord {
  if (text.length > longest) return problemRecord(number, `is longer than ${longest} bytes`, text);
  if (!isUtf8(text)) return problemRecord(number, 'is not UTF-8', text);
  try {
    const json = text.toString('utf8');
    const value: unknown = JSON.parse(json);
    const inexact = LONG_NUMBER.test(json) ? inexactOf(json) : undefined;
    return inexact === undefined ? { number, value } : { number, value, inexact };
  } catch (error) {
    return problemRecord(number, `is not JSON: ${(error as Error).message}`, text);
  }
}

/** Shorter ones are exact, whatever their digits. */
const LONG_NUMBER = /\d{16}/;

/** Reads JSON again, with the integers that would lose digits as texts; undefined where there is none. */
function inexactOf(json: string): Inexact | undefined {
  let integer: string | undefined;
  const keep = (_: string, value: unknown, { source }: { source?: string } = {}) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined || !/^-?\d+$/.test(source)) return value;
    // What JavaScript has written itself is no other number, though its last digits may be zeros that stand for others.
    if (source === String(value) || BigInt(source) === BigInt(value)) return value;
    integer ??= source;
    return source;
  };
  const exact: unknown = JSON.parse(json, keep as (key: string, value: unknown) => unknown);
  return integer === undefined ? undefined : { integer, exact, text: json.trim() };
}

/** What is wrong with a record where its digits are to be kept, and cannot be. */
export function inexactProblem({ integer }: Inexact): string {
  return `has the integer ${integer.slice(0, 40)}, which is beyond 2^53 and would lose digits; write it as a text`;
}

export function problemRecord(number: number, problem: string, text: Buffer): SourceRecord {
  return { number, problem, text: text.subarray(0, 400).toString('utf8') };
}

/** The bytes of a record as they come in, of which no more than `longest + 1` are kept. */
export class RecordText {
  readonly #longest: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  get length(): number {
    return this.#length;
  }

  add(part: Buffer): void {
    const room = this.#longest + 1 - this.#length;
    if (room <= 0 || part.length === 0) return;
    this.#parts.push(part.subarray(0, room));
    this.#length += Math.min(part.length, room);
  }

  /** What was added since the last time. */
  take(): Buffer {
    const text = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    return text;
  }
}

/** White space of JSON. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The byte order mark that some programs put before UTF-8. */
export const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
