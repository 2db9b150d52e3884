import { isUtf8 } from 'node:buffer';

/** A record of an NDJSON stream. `number` counts records from 1; empty lines are none. */
export type NdjsonRecord = { number: number; value: unknown } | { number: number; problem: string; text: string };

/** Longest record, in bytes: the only part of the stream that is ever in memory as a whole. */
export const LONGEST_RECORD = 16 * 1024 * 1024;

const NEWLINE = 0x0a;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** Reads NDJSON record by record. A line that is no JSON is a record with a `problem`; one that is too long is passed over. */
export async function* ndjsonRecords(source: AsyncIterable<Uint8Array>, longest = LONGEST_RECORD): AsyncGenerator<NdjsonRecord> {
  let number = 0;
  for await (const line of lines(source, longest)) {
    if (line.every(isBlank)) continue;
    number++;
    yield record(number, line, longest);
  }
}

function record(number: number, line: Buffer, longest: number): NdjsonRecord {
  const problem = (text: string) => ({ number, problem: text, text: line.subarray(0, 400).toString('utf8') });
  if (line.length > longest) return problem(`is longer than ${longest} bytes`);
  if (!isUtf8(line)) return problem('is not UTF-8');
  try {
    return { number, value: JSON.parse(line.toString('utf8')) };
  } catch (error) {
    return problem(`is not JSON: ${(error as Error).message}`);
  }
}

/** The lines of `source`; of a line above `longest` bytes only the first `longest + 1`. */
async function* lines(source: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  let first = true;
  const add = (part: Buffer) => {
    const room = longest + 1 - length;
    if (room <= 0 || part.length === 0) return;
    parts.push(part.subarray(0, room));
    length += Math.min(part.length, room);
  };
  const take = () => {
    let line = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    parts = [];
    length = 0;
    if (first && line.subarray(0, 3).equals(BOM)) line = line.subarray(3);
    first = false;
    return line;
  };
  for await (const bytes of source) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end));
      start = end + 1;
      yield take();
    }
    add(chunk.subarray(start));
  }
  if (length > 0) yield take();
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0d || byte === 0x09;
}
