import type { FileHandle } from 'node:fs/promises';
import { RandomAccessReader } from 'yauzl';

const WINDOW = 64 * 1024;

/** Reads a zip's records for yauzl, which asks for a few bytes at a time: mostly they are in what was read last. */
export class WindowReader extends RandomAccessReader {
  readonly #file: FileHandle;
  #window = Buffer.alloc(0);
  #start = 0;

  constructor(file: FileHandle) {
    super();
    this.#file = file;
  }

  override read(target: Buffer, offset: number, length: number, position: number, done: (error: Error | null) => void): void {
    this.bytes(position, length).then(
      (bytes) => {
        bytes.copy(target, offset);
        done(null);
      },
      (error: Error) => done(error),
    );
  }

  /** Exactly `length` bytes; a view that the next read makes invalid. Throws where the file has fewer. */
  async bytes(position: number, length: number): Promise<Buffer> {
    const from = position - this.#start;
    if (from < 0 || from + length > this.#window.length) await this.#load(position, Math.max(length, WINDOW));
    const start = position - this.#start;
    if (start + length > this.#window.length) throw new Error(`the file ends before byte ${position + length}`);
    return this.#window.subarray(start, start + length);
  }

  override close(done: (error: Error | null) => void): void {
    // The file belongs to whoever opened it.
    queueMicrotask(() => done(null));
  }

  async #load(position: number, length: number): Promise<void> {
    if (!Number.isSafeInteger(position) || position < 0) throw new Error(`there is no byte ${position}`);
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    for (let read = -1; filled < length && read !== 0; filled += read) {
      read = (await this.#file.read(buffer, filled, length - filled, position + filled)).bytesRead;
    }
    this.#window = buffer.subarray(0, filled);
    this.#start = position;
  }
}
