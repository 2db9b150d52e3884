import type { BigIntStats } from 'node:fs';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { InvalidInputError, TaskError, TransientError } from '@summit/maestro-sdk';
import { free } from './blocks.ts';

/** Bytes read at once; the buffer is used again for every read of a file. */
const READ_SIZE = 1024 * 1024;

// Nobody may put a link where the file was when it was looked at, and a pipe must not make us wait for its other end.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** A file that was found to be readable. */
export interface SourceFile {
  /** As given: how messages name it. */
  given: string;
  /** Absolute, without links. */
  real: string;
  stats: BigIntStats;
}

/** Looks at a file without reading it. Throws when it is no readable regular file. */
export async function inspectFile(given: string, real: string): Promise<SourceFile> {
  let handle: FileHandle;
  try {
    handle = await open(real, FLAGS);
  } catch (error) {
    throw cannotOpen(given, error);
  }
  try {
    const stats = await handle.stat({ bigint: true });
    if (stats.isDirectory())
      throw new InvalidInputError(`${quote(given)} is a folder; list the files in it`, { code: 'DISCLOSURE_NOT_A_FILE' });
    if (!stats.isFile()) throw notAFile(given);
    return { given, real, stats };
  } finally {
    await handle.close();
  }
}

/** Streams the file. Throws `DISCLOSURE_FILE_CHANGED` when it is not the one that was inspected, or changes meanwhile. A chunk is valid until the next. */
export async function* readFile(file: SourceFile): AsyncGenerator<Uint8Array> {
  const handle = await open(file.real, FLAGS).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' || error.code === 'ELOOP' ? changed(file, 'it was removed') : cannotOpen(file.given, error);
  });
  const size = Number(file.stats.size);
  const buffer = Buffer.allocUnsafeSlow(Math.min(READ_SIZE, size));
  try {
    for (let position = 0; position < size; ) {
      const bytes = await read(file, handle, buffer, position);
      if (bytes.length === 0) throw changed(file, `it ends after ${position} of ${size} bytes`);
      position += bytes.length;
      yield bytes;
    }
    // Last, and enough: had it changed at any time since it was inspected, it would show now.
    await compare(file, handle);
  } finally {
    free(buffer);
    await handle.close();
  }
}

async function read(file: SourceFile, handle: FileHandle, buffer: Buffer, position: number): Promise<Uint8Array> {
  const wanted = Math.min(buffer.length, Number(file.stats.size) - position);
  try {
    const { bytesRead } = await handle.read(buffer, 0, wanted, position);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    throw new TransientError(
      `${quote(file.given)} cannot be read on from byte ${position} (${codeOf(cause)}); check the disk or network folder it is on`,
      {
        code: 'DISCLOSURE_FILE_UNREADABLE',
        cause,
      },
    );
  }
}

async function compare(file: SourceFile, handle: FileHandle): Promise<void> {
  const { stats } = file;
  const now = await handle.stat({ bigint: true });
  if (now.dev !== stats.dev || now.ino !== stats.ino) throw changed(file, 'another file took its place');
  if (now.size !== stats.size) throw changed(file, `it had ${stats.size} bytes and now has ${now.size}`);
  if (now.mtimeNs !== stats.mtimeNs) throw changed(file, 'it was written to');
}

function changed(file: SourceFile, how: string): TransientError {
  return new TransientError(`${quote(file.given)} changed while it was being packaged: ${how}; package it when nothing writes to it`, {
    code: 'DISCLOSURE_FILE_CHANGED',
  });
}

function cannotOpen(given: string, cause: unknown): TaskError {
  const code = codeOf(cause);
  if (code === 'ENXIO' || code === 'ENODEV') return notAFile(given);
  const hint = code === 'EACCES' || code === 'EPERM' ? '; give this process permission to read it' : '';
  return TaskError.terminal('DISCLOSURE_FILE_UNREADABLE', `${quote(given)} cannot be opened (${code})${hint}`, { cause });
}

function notAFile(given: string): InvalidInputError {
  return new InvalidInputError(`${quote(given)} is not a regular file (but a device, pipe or socket)`, { code: 'DISCLOSURE_NOT_A_FILE' });
}

/** A path as messages show it. */
export function quote(path: string): string {
  return JSON.stringify(path);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
