import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { constants, crc32, createDeflateRaw, deflateRawSync, type ZlibOptions } from 'node:zlib';
import { type Block, BlockPool, blocks, free, ownBlocks } from './blocks.ts';
import { type Content, readAhead } from './read-ahead.ts';

/** How far back a deflate stream can refer. */
const WINDOW = 32 * 1024;
/** Node compresses on a pool of four threads, on which files are read as well. */
const AT_ONCE = Math.min(availableParallelism() + 1, 4);

/** Content up to this many bytes is compressed on the spot. */
const SMALL = 8 * 1024;

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
  const pool = new BlockPool();
  for await (const { source, content } of readAhead(sources)) {
    const hash = createHash('sha256');
    let crc = 0;
    let window: Buffer | undefined;
    for await (const block of blocks(content, source.size, level === undefined ? ownBlocks : pool)) {
      hash.update(block.bytes);
      crc = crc32(block.bytes, crc);
      const data =
        level === undefined ? Promise.resolve(block.bytes) : deflateBlock(block, window, level).finally(() => pool.giveBack(block.bytes));
      // It is awaited later, or not at all when something else fails first.
      data.catch(() => {});
      // A copy: the block itself is used again.
      window = Buffer.from(block.bytes.subarray(-WINDOW));
      yield block.last ? { source, data, digest: { sha256: hash.digest('hex'), crc32: crc, size: source.size } } : { source, data };
    }
  }
}

async function deflateBlock({ bytes, last }: Block, dictionary: Buffer | undefined, level: number): Promise<Buffer> {
  const finishFlush = last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
  // Room for all of the result (what does not compress becomes a little longer), so that it comes in one piece.
  const chunkSize = bytes.length + 4096;
  const options = { level, finishFlush, chunkSize, ...(dictionary ? { dictionary } : {}) };
  // The way to another thread and back takes longer than this does.
  if (bytes.length <= SMALL) return deflateRawSync(bytes, options);
  const data = await deflateElsewhere(bytes, options);
  // What lies in less may lie in memory that Node shares out.
  if (data.buffer.byteLength > Buffer.poolSize) ours.add(data);
  return data;
}

/** `zlib.deflateRaw` without its copy of the result. */
function deflateElsewhere(bytes: Buffer, options: ZlibOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    createDeflateRaw(options)
      .on('data', (part: Buffer) => parts.push(part))
      .on('error', reject)
      .on('end', () => resolve(join(parts)))
      .end(bytes);
  });
}

function join(parts: Buffer[]): Buffer {
  const [first] = parts;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  // Where there was room for all of it, the parts are one after the other in the same memory.
  const together = first && parts.every(({ buffer }) => buffer === first.buffer);
  return together ? Buffer.from(first.buffer as ArrayBuffer, first.byteOffset, length) : Buffer.concat(parts, length);
}

/** Compressed pieces whose memory nobody else uses. */
const ours = new WeakSet<Uint8Array>();

/** Frees a piece that has been written, where that is possible. */
export function release(piece: Uint8Array): void {
  if (ours.delete(piece)) free(piece);
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
