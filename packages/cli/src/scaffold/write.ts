import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CliError, systemCode, systemReason } from '../errors.ts';

/** A file to be written. */
export interface NewFile {
  /** Absolute. */
  path: string;
  text: string;
}

/** Writes a file that is generated, over one that exists. Returns whether it had to. Throws `WRITE_FAILED`. */
export async function writeGenerated({ path: file, text }: NewFile): Promise<boolean> {
  if (await isCurrent({ path: file, text })) return false;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    return true;
  } catch (cause) {
    throw new CliError(`cannot write ${file}: ${systemReason(cause)}`, {
      code: 'WRITE_FAILED',
      next: 'name a file that you may write',
      cause,
    });
  }
}

/** Whether a file has this text. */
export async function isCurrent({ path: file, text }: NewFile): Promise<boolean> {
  try {
    return (await readFile(file, 'utf8')) === text;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw new CliError(`cannot read ${file}: ${systemReason(error)}`, { code: 'WRITE_FAILED', next: 'name another file', cause: error });
  }
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
