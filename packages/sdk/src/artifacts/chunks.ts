import type { ArtifactSource } from '../artifact.ts';
import { InvalidInputError } from '../errors.ts';

/** Bytes written to the store at once: below this size a write costs more than what it writes. */
export const WRITE_SIZE = 256 * 1024;

/**
 * The bytes of `source` in chunks worth writing. Small chunks are copied together, so that a source may use its
 * buffer again; a chunk is only valid until the next one is asked for.
 */
export async function* bytesOf(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array, void, undefined> {
  const staging = Buffer.allocUnsafe(WRITE_SIZE);
  let filled = 0;
  // A character cut in two by the end of a string arrives whole with the next one.
  let half = '';
  for await (const chunk of source) {
    let bytes: Uint8Array;
    if (typeof chunk === 'string') {
      let text = half + chunk;
      half = isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.slice(-1) : '';
      if (half !== '') text = text.slice(0, -1);
      bytes = Buffer.from(text, 'utf8');
    } else if (chunk instanceof Uint8Array) {
      bytes = half === '' ? chunk : Buffer.concat([Buffer.from(half, 'utf8'), chunk]);
      half = '';
    } else {
      throw invalidSource(chunk, 'a chunk of the artifact');
    }
    if (filled + bytes.length > WRITE_SIZE) {
      yield staging.subarray(0, filled);
      filled = 0;
    }
    if (bytes.length > WRITE_SIZE) {
      yield bytes;
    } else {
      staging.set(bytes, filled);
      filled += bytes.length;
    }
  }
  if (half !== '') {
    if (filled + 3 > WRITE_SIZE) {
      yield staging.subarray(0, filled);
      filled = 0;
    }
    filled += staging.write(half, filled, 'utf8');
  }
  if (filled > 0) yield staging.subarray(0, filled);
}

/** Whatever an artifact may be written from, as a stream. Throws `ARTIFACT_SOURCE_INVALID` for anything else. */
export function streamOf(source: ArtifactSource): AsyncIterable<Uint8Array | string> {
  if (typeof source === 'string' || source instanceof Uint8Array) return once(source);
  if (typeof source === 'object' && source !== null && typeof source[Symbol.asyncIterator] === 'function') return source;
  throw invalidSource(source, 'the content of an artifact');
}

async function* once<T>(value: T): AsyncGenerator<T, void, undefined> {
  yield value;
}

function invalidSource(found: unknown, what: string): InvalidInputError {
  const kind = found === null ? 'null' : typeof found === 'object' ? (found.constructor?.name ?? 'object') : typeof found;
  return new InvalidInputError(`${what}: expected a string, a Uint8Array or an async iterable of them, found ${kind}`, {
    code: 'ARTIFACT_SOURCE_INVALID',
  });
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
