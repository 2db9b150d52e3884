import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw, type InflateRaw, inflateRawSync } from 'node:zlib';
import { readExactly, readRange } from './range.ts';
import type { ZipEntry } from './zip-entries.ts';

/** An entry's content is not what its headers say. */
export class CorruptEntry extends Error {
  override name = 'CorruptEntry';
}

/**
 * Streams the content of an entry through `each` and resolves to its sha256 in hex. Throws `CorruptEntry` when it is damaged or not exactly as long
 * as the entry says: what expands beyond that is cut short.
 */
export async function readContent(
  file: FileHandle,
  entry: ZipEntry,
  signal: AbortSignal,
  each: (chunk: Buffer) => void = () => {},
): Promise<string> {
  if (entry.dataStart === undefined) throw new CorruptEntry('cannot be read');
  const hash = createHash('sha256');
  let size = 0;
  let crc = 0;
  const take = (chunk: Buffer) => {
    size += chunk.length;
    if (size > entry.size) throw new CorruptEntry(`expands to more than the ${entry.size} bytes it says`);
    hash.update(chunk);
    crc = crc32(chunk, crc);
    each(chunk);
  };
  if (entry.deflated && entry.compressedSize <= SMALL && entry.size <= SMALL) {
    take(inflateSmall(await readExactly(file, entry.dataStart, entry.compressedSize), entry.size));
  } else {
    const data = readRange(file, entry.dataStart, entry.dataStart + entry.compressedSize);
    if (entry.deflated) await inflate(data, entry.compressedSize, signal, take);
    else for await (const chunk of data) take(chunk);
  }
  if (size !== entry.size) throw new CorruptEntry(`has ${size} bytes, not the ${entry.size} it says`);
  if (crc !== entry.crc32) throw new CorruptEntry('does not have the checksum (CRC-32) it says');
  return hash.digest('hex');
}

/** Content up to this size is decompressed on the spot, which is faster than by way of a stream. */
const SMALL = 64 * 1024;

function inflateSmall(data: Buffer, size: number): Buffer {
  let result: { buffer: Buffer; engine: InflateRaw };
  try {
    // With `info` Node gives the engine as well, which @types/node does not know.
    result = inflateRawSync(data, { info: true, maxOutputLength: Math.max(size, 1) }) as unknown as typeof result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new CorruptEntry(`expands to more than the ${size} bytes it says`);
    throw new CorruptEntry(`cannot be decompressed: ${(error as Error).message}`);
  }
  checkAllUsed(result.engine, data.length);
  return result.buffer;
}

async function inflate(
  data: AsyncIterable<Buffer>,
  compressedSize: number,
  signal: AbortSignal,
  take: (chunk: Buffer) => void,
): Promise<void> {
  const inflater = createInflateRaw({ chunkSize: 256 * 1024 });
  try {
    await pipeline(
      data,
      inflater,
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) take(chunk);
      },
      { signal },
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CorruptEntry) throw error;
    throw new CorruptEntry(`cannot be decompressed: ${(error as Error).message}`);
  }
  checkAllUsed(inflater, compressedSize);
}

function checkAllUsed(inflater: InflateRaw, compressedSize: number): void {
  const left = compressedSize - inflater.bytesWritten;
  if (left !== 0) throw new CorruptEntry(`has ${left} bytes of data after its compressed content`);
}
