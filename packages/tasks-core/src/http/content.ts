import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { TaskError } from '@summit/maestro-sdk';

const DECODERS: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** What is offered to servers. */
export const ACCEPT_ENCODING = 'gzip, deflate, br, zstd';

/**
 * The content of a response, decompressed, in chunks. More than `limit` bytes of it are `HTTP_TOO_LARGE`, which says `advice`: what is counted is
 * what comes out, so that a small response that unpacks to a huge one ends as well. Broken compression is `HTTP_BODY_MALFORMED`.
 */
export async function* content(
  body: Readable,
  encoding: string | undefined,
  limit: number,
  what: string,
  advice: string,
): AsyncGenerator<Buffer> {
  const names = (encoding ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
    .reverse();
  let stream = body;
  let size = 0;
  try {
    for (const name of names) stream = decoded(stream, name, what);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw TaskError.terminal('HTTP_TOO_LARGE', `${what}: the response is larger than ${limit} bytes; ${advice}`);
      yield chunk;
    }
  } catch (error) {
    if (!isZlib(error)) throw error;
    throw TaskError.terminal(
      'HTTP_BODY_MALFORMED',
      `${what}: the response says it is compressed (${names.join(', ')}), but cannot be decompressed`,
      {
        cause: error,
      },
    );
  } finally {
    body.on('error', () => {}).destroy();
  }
}

/** All of it, at once. */
export async function collected(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

function decoded(stream: Readable, name: string, what: string): Readable {
  const make = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
  if (make === undefined) {
    throw TaskError.terminal(
      'HTTP_BODY_MALFORMED',
      `${what}: the response is encoded as ${JSON.stringify(name.slice(0, 40))}, which was not asked for`,
    );
  }
  // The error reaches whoever reads the last stream.
  return pipeline(stream, make(), () => {});
}

function isZlib(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^(?:Z_|ERR_(?:_ERROR_FORMAT|BROTLI|ZSTD|PADDING)|ZSTD_|ERR__)/.test(code);
}
