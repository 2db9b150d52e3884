import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, deflateRawSync, type ZlibOptions } from 'node:zlib';
import { type Block, blocks } from './blocks.ts';
import { type Content, readAhead } from './read-ahead.ts';

/** How far back a deflate stream can refer. */
const WINDOW = 32 * 1024;
/** Node compresses on a pool of four threads, on which files are read as well. */
const AT_ONCE = Math.min(availableParallelism() + 1, 4);

/** Content up to this many bytes is compressed on the spot. */
const SMALL = 8 * 1024;

const deflateAsync: (bytes: Buffer, options: ZlibOptions) => Promise<Buffer> = promisify(deflateRaw);

/** What is known of content when all of it has been read. */
export interface Digest {
  /** Lower-case hex. */
  sha256: string;
  crc32: number;
  /** Bytes. */
  size: number;
}

/** A compressed piece of an entry, in order. `digest` comes with the last one. */
export interface Piece<S> {
  source: S;
  /** Settles when a thread has compressed it; never rejects without somebody listening. */
  data: Promise<Buffer>;
  digest?: Digest;
}

/**
 * Reads `sources` one after the other, each of them once: hashes every block and has it compressed on another thread while the next
 * blocks are read. As pigz does it, a block begins with the window of the one before and ends at a byte boundary, so that an
 * entry's pieces put together are one ordinary deflate stream; the bytes do not depend on how many threads there are.
 * `level` undefined: the pieces are the content as it is.
 */
export function compress<S extends Content>(sources: Iterable<S>, level: number | undefined): AsyncGenerator<Piece<S>> {
  return ahead(pieces(sources, level), AT_ONCE);
}

async function* pieces<S extends Content>(sources: Iterable<S>, level: number | undefined): AsyncGenerator<Piece<S>> {
  for await (const { source, content } of readAhead(sources)) {
    const hash = createHash('sha256');
    let crc = 0;
    let window: Buffer | undefined;
    for await (const block of blocks(content, source.size)) {
      hash.update(block.bytes);
      crc = crc32(block.bytes, crc);
      const data = level === undefined ? Promise.resolve(block.bytes) : deflateBlock(block, window, level);
      // It is awaited later, or not at all when something else fails first.
      data.catch(() => {});
      window = block.bytes.subarray(-WINDOW);
      yield block.last ? { source, data, digest: { sha256: hash.digest('hex'), crc32: crc, size: source.size } } : { source, data };
    }
  }
}

async function deflateBlock({ bytes, last }: Block, dictionary: Buffer | undefined, level: number): Promise<Buffer> {
  const finishFlush = last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
  // Room for the result, where it is small; content that does not compress becomes a few bytes longer.
  const chunkSize = Math.min(256 * 1024, bytes.length + 1024);
  const options = { level, finishFlush, chunkSize, ...(dictionary ? { dictionary } : {}) };
  // The way to another thread and back takes longer than this does.
  if (bytes.length <= SMALL) return deflateRawSync(bytes, options);
  return deflateAsync(bytes, options);
}

/** Has up to `count` items of `source` begun before they are asked for. A generator makes them one after the other, however many wait. */
async function* ahead<T>(source: AsyncGenerator<T>, count: number): AsyncGenerator<T> {
  const begin = () => {
    const next = source.next();
    // It is awaited in its turn, or not at all when an earlier one fails.
    next.catch(() => {});
    return next;
  };
  const queue = Array.from({ length: count }, begin);
  try {
    for (;;) {
      const next = await (queue.shift() as Promise<IteratorResult<T>>);
      if (next.done) return;
      queue.push(begin());
      yield next.value;
    }
  } finally {
    await source.return(undefined);
  }
}
