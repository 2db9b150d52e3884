import { createHash, type Hash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { contentPath, temporaryFolder } from './layout.ts';

/** Only the owner may look into a store: what runs hand on to each other is nobody else's business. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** A file nobody has written to for this long was left by a process that was killed. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** Writes content into a store's folder. */
export class StoreWriter {
  readonly #root: string;
  #ready: Promise<void> | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  /** A new temporary file; to be committed or discarded. */
  async begin(): Promise<ContentFile> {
    try {
      return await this.#open();
    } catch (error) {
      // The folder may have been removed while the process was running.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#ready = undefined;
      return await this.#open();
    }
  }

  async #open(): Promise<ContentFile> {
    const folder = temporaryFolder(this.#root);
    this.#ready ??= prepare(folder);
    try {
      await this.#ready;
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
    const path = join(folder, randomUUID());
    return new ContentFile(this.#root, path, await open(path, 'wx', FILE_MODE));
  }
}

/** Content on its way into a store. */
export class ContentFile {
  readonly #root: string;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  #size = 0;
  #open = true;
  #kept = false;

  constructor(root: string, path: string, file: FileHandle) {
    this.#root = root;
    this.#path = path;
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const written = this.#writeAll(bytes);
    // Hashed while the disk is busy. A write that fails at once is awaited below all the same.
    this.#hash.update(bytes);
    this.#size += bytes.length;
    await written;
  }

  /** Makes the content durable under its hash. */
  async commit(): Promise<{ sha256: string; size: number }> {
    await this.#file.sync();
    await this.#close();
    const sha256 = this.#hash.digest('hex');
    const target = contentPath(this.#root, sha256);
    await makeFolder(dirname(target));
    // Also over content that is already there: it is the same, and if the disk has spoilt it, it is whole again.
    await rename(this.#path, target);
    this.#kept = true;
    await syncFolder(dirname(target));
    return { sha256, size: this.#size };
  }

  /** Removes what was written; does nothing after a commit. */
  async discard(): Promise<void> {
    await this.#close();
    if (!this.#kept) await rm(this.#path, { force: true });
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, offset, bytes.length - offset);
      offset += bytesWritten;
    }
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }
}

async function prepare(folder: string): Promise<void> {
  await makeFolder(folder);
  const limit = Date.now() - ABANDONED_MS;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(ignoreMissing);
    if (found !== undefined && found.mtimeMs < limit) await rm(path, { force: true });
  }
}

/** Makes `folder` and those above it, each with its name on the disk. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** A file another process has just committed or removed is no concern of ours. */
function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

/** Without it a crash may forget the name of a file whose content is safe. */
async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders, and needs no such thing.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
