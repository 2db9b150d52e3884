import { open, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Below this the server's writes fail, or will soon. In bytes. */
const FULL = 2 * 1024 * 1024;
/** From here on it can go on for a while. In bytes. */
const ROOM = 8 * 1024 * 1024;
/** What the server says when it has stopped writing. */
const GIVEN_UP = /writes disabled|No space left on device/;

/**
 * `fine`; `full`: there is no room for what the server has to write; `freed`: there was none, and now there is, but the
 * server has given up writing, as it does for good when a write has failed, and must be started again.
 */
export type DiskState = 'fine' | 'full' | 'freed';

/** Watches whether the embedded server can write to its folder. */
export class DiskWatch {
  readonly #folder: string;
  readonly #log: string;
  #starved = false;
  /** Up to where the server's log has been read. */
  #read = 0;

  constructor(folder: string) {
    this.#folder = folder;
    this.#log = join(folder, 'server.log');
  }

  /** Looks at the disk now. `freed` is told once. */
  async look(): Promise<DiskState> {
    const { bavail, bsize } = await statfs(this.#folder);
    const free = bavail * bsize;
    if (free < FULL || (await this.#givenUp())) this.#starved = true;
    if (!this.#starved) return 'fine';
    if (free < ROOM) return 'full';
    this.#starved = false;
    return 'freed';
  }

  /** A disk may be full for so short a time that only the log tells of it. */
  async #givenUp(): Promise<boolean> {
    const size = (await stat(this.#log).catch(absent))?.size ?? 0;
    // A new log: the server was started again.
    if (size < this.#read) this.#read = 0;
    if (size === this.#read) return false;
    const file = await open(this.#log);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - this.#read), 0, size - this.#read, this.#read);
      this.#read += bytesRead;
      return GIVEN_UP.test(buffer.toString('latin1', 0, bytesRead));
    } finally {
      await file.close();
    }
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
