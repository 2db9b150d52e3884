/** Size in which content is read, hashed and compressed. Part of what makes bundles reproducible: other blocks compress to other bytes. */
export const BLOCK_SIZE = 1024 * 1024;

/** A piece of content; all but the last one are exactly `BLOCK_SIZE` bytes. Content without bytes is one empty block. */
export interface Block {
  bytes: Buffer;
  last: boolean;
}

/** Blocks that are no longer needed, to be filled again: new ones for every megabyte would be garbage faster than it is collected. */
export class BlockPool {
  readonly #free: Buffer[] = [];

  take(size: number): Buffer {
    return (this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_SIZE)).subarray(0, size);
  }

  /** Nobody may read the block afterwards. */
  giveBack(block: Buffer): void {
    this.#free.push(Buffer.from(block.buffer as ArrayBuffer));
  }
}

/** Where blocks are kept by whoever gets them, each has memory of its own. */
export const ownBlocks: Pick<BlockPool, 'take'> = { take: (size) => Buffer.allocUnsafeSlow(size) };

/**
 * Frees the memory of a buffer that nobody uses any more, here and now. The garbage collector would come to it late: it sees a small object, and
 * the megabyte behind it only when there are many. Only for a buffer that does not share its memory with others.
 */
export function free(buffer: Uint8Array): void {
  (buffer.buffer as ArrayBuffer).transfer(0);
}

/** Cuts `size` bytes of content, which come in chunks of any size, into blocks. The chunks are not kept. */
export async function* blocks(source: AsyncIterable<Uint8Array>, size: number, pool: Pick<BlockPool, 'take'>): AsyncGenerator<Block> {
  let left = size;
  let block = pool.take(Math.min(left, BLOCK_SIZE));
  let filled = 0;
  for await (const chunk of source) {
    for (let start = 0; start < chunk.length; ) {
      const end = Math.min(chunk.length, start + block.length - filled);
      // A source that gives more than it has announced would go round here for ever.
      if (end === start) throw new Error(`source has more than the ${size} bytes it announced`);
      block.set(chunk.subarray(start, end), filled);
      filled += end - start;
      start = end;
      if (filled === BLOCK_SIZE && left > BLOCK_SIZE) {
        yield { bytes: block, last: false };
        left -= BLOCK_SIZE;
        block = pool.take(Math.min(left, BLOCK_SIZE));
        filled = 0;
      }
    }
  }
  if (filled !== left) throw new Error(`source ended ${left - filled} bytes before the ${size} it announced`);
  yield { bytes: block, last: true };
}

/** Content that is in memory, as a stream. */
export async function* whole(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
