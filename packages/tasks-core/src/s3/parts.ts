const MIB = 1024 * 1024;
/** An object up to this size is sent in one request; the size of a part of a larger one. */
export const PART_BYTES = 8 * MIB;
/** The store takes no more parts than this. */
const MOST_PARTS = 10_000;
/** Parts in flight at the same time, as long as they are small. */
const CONCURRENCY = 4;
/** Bytes that may be in flight at the same time, unless a single part is larger. */
const IN_FLIGHT_BYTES = 64 * MIB;

/** How an object of `size` bytes is cut: parts grow, in whole MiB, where 10,000 of the usual size would not do. */
export function partPlan(size: number): { partBytes: number; concurrency: number } {
  const partBytes = Math.max(PART_BYTES, Math.ceil(size / MOST_PARTS / MIB) * MIB);
  return { partBytes, concurrency: Math.max(1, Math.min(CONCURRENCY, Math.floor(IN_FLIGHT_BYTES / partBytes))) };
}

/** A part of an object, in a buffer that is used again once it is released. */
export interface Part {
  /** From 1. */
  number: number;
  bytes: Buffer;
  release(): void;
}

/** Cuts a stream into parts of `partBytes`, the last of which may be shorter; empty content is one empty part. */
export async function* partsOf(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<Part, void, undefined> {
  const free: Buffer[] = [];
  let number = 0;
  let buffer: Buffer | undefined;
  let filled = 0;
  const part = (whole: Buffer, length: number): Part => ({
    number: ++number,
    bytes: whole.subarray(0, length),
    release: () => void free.push(whole),
  });
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      if (buffer !== undefined && filled === buffer.length) {
        yield part(buffer, filled);
        buffer = undefined;
        filled = 0;
      }
      buffer ??= free.pop() ?? Buffer.allocUnsafeSlow(partBytes);
      const taken = Math.min(chunk.length - at, partBytes - filled);
      buffer.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
    }
  }
  if (buffer !== undefined || number === 0) yield part(buffer ?? Buffer.alloc(0), filled);
}
