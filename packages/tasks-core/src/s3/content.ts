import { hash } from 'node:crypto';
import { type ArtifactRef, InvalidInputError, isArtifactRef, type RunContext } from '@summit/maestro-sdk';
import { jsonText } from '../records/json-text.ts';

/** How a body given in the payload becomes bytes. */
export type BodyEncoding = 'utf8' | 'base64' | 'json';

/** What is to be stored: its size and hash are known before the first byte is sent. */
export interface Content {
  size: number;
  /** Lower-case hex. */
  sha256: string;
  contentType: string;
  /** All of it, where it came in the payload. */
  bytes?: Buffer;
  /** Begins at the first byte every time. */
  open(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** What is to be stored, by a payload that has either a body or an artifact. */
export function contentOf(
  ctx: RunContext,
  { body, artifact, encoding }: { body?: unknown; artifact?: ArtifactRef | undefined; encoding?: BodyEncoding | undefined },
  signal: AbortSignal,
): Content {
  const ref = artifact ?? (isArtifactRef(body) ? body : undefined);
  if (artifact !== undefined && body !== undefined) throw wrong('body and artifact are both given; an object has one content');
  if (ref !== undefined) {
    const { size, sha256, contentType } = ref;
    return { size, sha256, contentType, open: () => ctx.artifacts.open(ref, { signal }) };
  }
  if (body === undefined) throw wrong('body is missing: give text, a JSON value, or an artifact');
  const [bytes, contentType] = bytesOf(body, encoding ?? (typeof body === 'string' ? 'utf8' : 'json'));
  return { size: bytes.length, sha256: hash('sha256', bytes, 'hex'), contentType, bytes, open: () => [bytes] };
}

function bytesOf(body: unknown, encoding: BodyEncoding): [Buffer, string] {
  if (encoding === 'json') {
    const text = jsonText(body);
    if (text === undefined) throw wrong('body is not JSON');
    return [Buffer.from(text), 'application/json'];
  }
  if (typeof body !== 'string')
    throw wrong(`body: expected a string for encoding ${encoding}, found ${Array.isArray(body) ? 'a list' : typeof body}`);
  if (encoding === 'utf8') return [Buffer.from(body), 'text/plain; charset=utf-8'];
  const bytes = Buffer.from(body, 'base64');
  // What Node passes over would be missing in the object.
  if (bytes.toString('base64').replaceAll('=', '') !== body.replaceAll('=', '')) throw wrong('body is not base64, as encoding says');
  return [bytes, 'application/octet-stream'];
}

function wrong(message: string): InvalidInputError {
  return new InvalidInputError(message);
}
