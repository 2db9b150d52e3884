import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CliError, systemReason } from '../errors.ts';

/** A file to be written. */
export interface NewFile {
  /** Absolute. */
  path: string;
  text: string;
}

/** Writes all of `files` or none; never over one that exists. Throws `FILE_EXISTS` or `WRITE_FAILED`. */
export async function writeNew(files: readonly NewFile[]): Promise<void> {
  const existing = files.filter((file) => existsSync(file.path)).map((file) => file.path);
  if (existing.length > 0) {
    throw new CliError('nothing was written: what is there is not overwritten', {
      code: 'FILE_EXISTS',
      problems: existing.map((file) => `${file} exists`),
      next: 'choose another name, or remove the file',
    });
  }
  const written: string[] = [];
  for (const file of files) {
    try {
      await mkdir(path.dirname(file.path), { recursive: true });
      await writeFile(file.path, file.text, { flag: 'wx' });
      written.push(file.path);
    } catch (cause) {
      await Promise.all(written.map((name) => rm(name, { force: true })));
      throw new CliError(`cannot write ${file.path}: ${systemReason(cause)}`, {
        code: 'WRITE_FAILED',
        next: 'give a folder that you may write to with --dir',
        cause,
      });
    }
  }
}
