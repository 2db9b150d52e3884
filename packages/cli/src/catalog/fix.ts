import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CliError, systemReason } from '../errors.ts';
import type { ManifestFile } from './files.ts';
import { replaceFile } from './replace.ts';

/**
 * Writes the files whose text is another one than when they were read, each of them completely or not at all. A file that was changed
 * since, or whose bytes are not the text that was read (it is not UTF-8), is left alone. Throws `WRITE_FAILED`, naming all that were not written.
 */
export async function writeChanged(before: readonly ManifestFile[], after: readonly ManifestFile[], cwd: string): Promise<void> {
  const texts = new Map(before.map((file) => [file.path, file.text]));
  const problems: string[] = [];
  for (const file of after) {
    const text = texts.get(file.path);
    if (text === undefined || text === file.text) continue;
    const place = path.resolve(cwd, file.path);
    try {
      if (!Buffer.from(text).equals(await readFile(place))) throw new Error('it was changed meanwhile, or is not UTF-8');
      await replaceFile(place, file.text);
    } catch (error) {
      problems.push(`${file.path}: ${systemReason(error instanceof CliError ? error.cause : error)}`);
    }
  }
  if (problems.length === 0) return;
  throw new CliError('not all files can be mended; these are as they were', {
    code: 'WRITE_FAILED',
    problems,
    next: 'make the files and their folders writable, and call it again',
  });
}
