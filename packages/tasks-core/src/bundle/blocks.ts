/** Size in which content is read, hashed and compressed. Part of what makes bundles reproducible: other blocks compress to other bytes. */
export const BLOCK_SIZE = 1024 * 1024;

/** A piece of content; all but the last one are exactly `BLOCK_SIZE` bytes. Content without bytes is one empty block. */
export interface Block {
  bytes: Buffer;
  last: boolean;
}

/** Cuts `size` bytes of content, which come in chunks of any size, into blocks. The chunks are not kept. */
export async function* blocks(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Block> {
  let left = size;
  let block = room(left);
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
        block = room(left);
        filled = 0;
      }
    }
  }
  if (filled !== left) throw new Error(`source ended ${left - filled} bytes before the ${size} it announced`);
  yield { bytes: block, last: true };
}

function room(left: number): Buffer {
  // Not from Node's shared pool: blocks are alive for long.
  return Buffer.allocUnsafeSlow(Math.min(left, BLOCK_SIZE));
}

/** Content that is in memory, as a stream. */
export async function* whole(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
