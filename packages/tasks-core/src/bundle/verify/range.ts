import type { FileHandle } from 'node:fs/promises';

const READ_SIZE = 256 * 1024;

/** The bytes of a file from `start` up to, not including, `end`. Throws when there are fewer. */
export async function* readRange(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(READ_SIZE, end - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${at}, ${end - at} bytes too early`);
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** A few bytes of a file as one buffer. */
export async function readExactly(file: FileHandle, start: number, length: number): Promise<Buffer> {
  if (start < 0) throw new Error('the file is too short');
  const chunks: Buffer[] = [];
  for await (const chunk of readRange(file, start, start + length)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
