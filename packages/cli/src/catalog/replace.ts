import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { CliError, systemCode, systemReason } from '../errors.ts';

/**
 * Writes a file so that it is either as it was or complete, whatever happens meanwhile: beside it, then renamed over it. A link
 * stays a link, and permissions stay. A file that is marked as read-only is not replaced. Throws `WRITE_FAILED`.
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await followed(file);
    const mode = await modeOf(target);
    if (mode !== undefined && (mode & 0o222) === 0) throw new Error('the file is read-only');
    const name = path.join(path.dirname(target), `.${path.basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
    const handle = await open(name, 'wx', mode ?? 0o666);
    temporary = name;
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(name, target);
  } catch (cause) {
    if (temporary !== undefined) await rm(temporary, { force: true });
    throw new CliError(`cannot write ${file}: ${systemReason(cause)}`, {
      code: 'WRITE_FAILED',
      next: 'make the file and its folder writable; it is as it was',
      cause,
    });
  }
}

async function followed(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return file;
    throw error;
  }
}

async function modeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mode & 0o777;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
