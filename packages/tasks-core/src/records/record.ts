import { isUtf8 } from 'node:buffer';
import { DEEPEST, isTooDeep } from './depth.ts';
import { type Inexact, inexactOf } from './exact-json.ts';

/** A record of a stream, or what is wrong with it and how it begins. `number` counts from 1. */
export type SourceRecord = { number: number; value: unknown; inexact?: Inexact } | { number: number; problem: string; text: string };

/** Longest record, in bytes: the only part of a stream that is ever in memory as a whole. */
export const LONGEST_RECORD = 16 * 1024 * 1024;

/** Reads the text of one record, of which at most `longest + 1` bytes were kept. */
export function parseRecord(number: number, text: Buffer, longest: number): SourceRecord {
  if (text.length > longest) return problemRecord(number, `is longer than ${longest} bytes`, text);
  if (!isUtf8(text)) return problemRecord(number, 'is not UTF-8', text);
  try {
    const json = text.toString('utf8');
    if (isTooDeep(json)) return problemRecord(number, `is nested more than ${DEEPEST} levels deep`, text);
    const value: unknown = JSON.parse(json);
    const inexact = inexactOf(json);
    return inexact === undefined ? { number, value } : { number, value, inexact };
  } catch (error) {
    return problemRecord(number, `is not JSON: ${(error as Error).message}`, text);
  }
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
