import { createCipheriv, createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

const MB = 1024 * 1024;
const CHUNK = 4 * MB;

/** A file of the corpus: its name, size, and what fills it. */
type Part = [name: string, bytes: number, content: (bytes: number) => Buffer];

/**
 * Writes mixed files of 300 MB in all (`times` as much) into `folder` and returns their paths within it: JSON records and prose (which
 * compress well), machine code, and noise (as images and archives are), large ones and many small ones.
 * The same on every machine, but for the machine code, which is that of Node itself.
 */
export function writeCorpus(folder: string, times = 1): string[] {
  const random = noiseFrom('corpus');
  const parts: Part[] = [
    ['records.ndjson', 60 * MB, (bytes) => records(random, bytes)],
    ['prose.txt', 40 * MB, (bytes) => prose(random, bytes)],
    ['program.bin', 80 * MB, machineCode()],
    ['photos.bin', 60 * MB, random],
    ['archive.bin', 20 * MB, random],
    ['minutes.txt', 20 * MB, (bytes) => prose(random, bytes)],
    ...Array.from({ length: 200 }, (_, i): Part => [`letters/${i}.json`, 100 * 1024, (bytes) => records(random, bytes)]),
  ];
  for (const [name, bytes, content] of parts) write(join(folder, name), times * bytes, content);
  return parts.map(([name]) => name);
}

function write(path: string, bytes: number, content: (bytes: number) => Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'w');
  for (let left = bytes; left > 0; left -= CHUNK) writeSync(file, content(Math.min(left, CHUNK)).subarray(0, left));
  closeSync(file);
}

/** Bytes that look random and are the same for the same seed. */
function noiseFrom(seed: string): (bytes: number) => Buffer {
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(seed).digest(), Buffer.alloc(16));
  return (bytes) => cipher.update(Buffer.alloc(bytes));
}

function records(random: (bytes: number) => Buffer, bytes: number): Buffer {
  const lines: string[] = [];
  for (let length = 0; length < bytes; length += (lines.at(-1) as string).length) {
    const r = random(16);
    const record = {
      id: r.readUInt32LE(0),
      name: ['alice', 'bob', 'carol', 'dave'][(r[4] as number) & 3],
      amount: r.readUInt32LE(5) / 100,
      at: new Date(1.7e12 + r.readUInt32LE(9)).toISOString(),
      tags: [`tag-${(r[13] as number) % 50}`, `tag-${(r[14] as number) % 20}`],
      note: `The quick brown fox ${r.toString('hex', 12)}`,
    };
    lines.push(`${JSON.stringify(record)}\n`);
  }
  return Buffer.from(lines.join(''));
}

/** Words of this repository's licence, the frequent ones more often, as in any language. */
function prose(random: (bytes: number) => Buffer, bytes: number): Buffer {
  const words = [...new Set(readFileSync(join(import.meta.dirname, '..', '..', '..', 'LICENSE'), 'utf8').split(/\s+/))];
  const text: string[] = [];
  for (let length = 0; length < bytes; ) {
    const r = random(2_000);
    for (let i = 0; i < r.length; i += 2) {
      const word = words[Math.floor((r.readUInt16LE(i) / 65_536) ** 2 * words.length)] as string;
      text.push(word);
      length += word.length + 1;
    }
  }
  return Buffer.from(text.join(' '));
}

function machineCode(): (bytes: number) => Buffer {
  const program = readFileSync(process.execPath);
  let at = 0;
  return (bytes) => {
    at = at + bytes > program.length ? 0 : at;
    const piece = program.subarray(at, at + bytes);
    at += bytes;
    return piece;
  };
}
