import { createHash } from 'node:crypto';
import { type FileHandle, lstat } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { InvalidInputError, isTaskError, type RunContext, TaskError } from '@summit/maestro-sdk';
import { resolveInWorkspace } from '@summit/maestro-sdk/workspace';
import { type BundleSource, sameFile } from './collect.ts';
import { release } from './deflate.ts';
import { quote } from './source-file.ts';

/** Where the bundle goes: an absolute path without links. Throws when it cannot go there, or is one of the files to package. */
export async function resolveTarget(ctx: RunContext, outPath: string, sources: BundleSource[]): Promise<string> {
  const target = await resolveInWorkspace(ctx.workspace, outPath, { for: 'write' });
  const stats = await lstat(target, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw outputError(outPath, error);
  });
  if (stats?.isDirectory())
    throw new InvalidInputError(`outPath ${quote(outPath)} is a folder; name the file to write`, { code: 'DISCLOSURE_OUTPUT_INVALID' });
  if (stats && !stats.isFile())
    throw new InvalidInputError(`outPath ${quote(outPath)} is not a regular file`, { code: 'DISCLOSURE_OUTPUT_INVALID' });
  const input = stats && sameFile(sources, stats);
  if (input)
    throw new InvalidInputError(`outPath ${quote(outPath)} is also one of the files to package (${input}); choose another name`, {
      code: 'DISCLOSURE_OUTPUT_IS_INPUT',
    });
  return target;
}

/** The error of an operation on the output, in the words of who can act on it; errors that are so already stay as they are. */
export function outputError(outPath: string, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (isTaskError(cause) || code === undefined) return cause;
  const nothing = 'nothing was left behind';
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return TaskError.terminal('DISCLOSURE_DISK_FULL', `no space for ${quote(outPath)} (${code}); free some and run again; ${nothing}`, {
        cause,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return TaskError.terminal(
        'DISCLOSURE_OUTPUT_NOT_WRITABLE',
        `${quote(outPath)} cannot be written (${code}); give this process permission for its folder, or choose another outPath; ${nothing}`,
        { cause },
      );
    case 'EIO':
    case 'ESTALE':
    case 'ENOENT':
    case 'EMFILE':
    case 'ENFILE':
      return TaskError.transient('DISCLOSURE_WRITE_FAILED', `writing ${quote(outPath)} failed (${code}); ${nothing}`, { cause });
    default:
      return cause;
  }
}

/** A stream into an open file that knows the hash of what went through it. */
export class HashedFileStream extends Writable {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  readonly #staging = Buffer.allocUnsafeSlow(STAGING_SIZE);
  #staged = 0;
  bytes = 0;

  constructor(file: FileHandle) {
    super({ highWaterMark: 1024 * 1024 });
    this.#file = file;
  }

  /** sha256 of everything written, hex. Once. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#staged + chunk.length <= STAGING_SIZE) {
      this.#staging.set(chunk, this.#staged);
      this.#staged += chunk.length;
      done();
    } else {
      this.#flush(chunk).then(() => done(), done);
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#flush().then(() => done(), done);
  }

  async #flush(chunk?: Buffer): Promise<void> {
    const staged = this.#staging.subarray(0, this.#staged);
    this.#staged = 0;
    for (const bytes of chunk === undefined ? [staged] : [staged, chunk]) {
      this.#hash.update(bytes);
      this.bytes += bytes.length;
      for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
    }
    if (chunk !== undefined) release(chunk);
  }
}

/** The headers of a zip come in pieces of a few bytes: they are put together before they are written. */
const STAGING_SIZE = 128 * 1024;
