import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TaskError } from '../errors.ts';

/** Writes `text` to `file` in one step: who reads it sees the old content or the new, never a part. Throws `CONTRACTS_UNWRITABLE`. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(file), { recursive: true });
    try {
      const handle = await open(temporary, 'wx');
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
    } finally {
      await rm(temporary, { force: true });
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw TaskError.terminal('CONTRACTS_UNWRITABLE', `${file} cannot be written (${code ?? String(cause)})`, { cause });
  }
}
