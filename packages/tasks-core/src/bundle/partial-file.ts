import { hash, randomBytes } from 'node:crypto';
import { type FileHandle, open, opendir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';

/** `.maestro-partial-<host>-<pid>-<start>-<random>`: says which process is writing it, so that others can tell when that one is gone. */
const PARTIAL = /^\.maestro-partial-([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{16}$/;

/** A file of another machine, or of a process number in use again, counts as left over when nothing was written to it for this long. */
const ABANDONED_AFTER_MS = 24 * 3600 * 1000;

/**
 * Writes a file so that it exists as a whole or not at all, also after a power cut: into a hidden file beside it, to the disk,
 * and then under its name. Whatever fails, the hidden file is removed; those that killed processes left in the folder are, too.
 * Of two at the same time each writes its own, and the one that ends later stays.
 */
export async function writeWhole(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const folder = dirname(path);
  await removeLeftovers(folder);
  const partial = join(folder, await partialName());
  const file = await open(partial, 'wx');
  try {
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await removeQuietly(partial);
    throw error;
  }
  await syncFolder(folder);
}

async function partialName(): Promise<string> {
  return `.maestro-partial-${thisHost()}-${process.pid}-${await startOf(process.pid)}-${randomBytes(8).toString('hex')}`;
}

/** Removes what processes that are gone have left in `folder`. Never fails: leftovers cost space, not correctness. */
async function removeLeftovers(folder: string): Promise<void> {
  try {
    for await (const { name } of await opendir(folder)) {
      const found = PARTIAL.exec(name);
      if (found && (await isLeftOver(join(folder, name), found))) await removeQuietly(join(folder, name));
    }
  } catch {
    // A folder that cannot be listed may still be one that can be written to; whether it can is found out next.
  }
}

async function isLeftOver(path: string, [, host, pid, start]: RegExpExecArray): Promise<boolean> {
  const { mtimeMs } = await stat(path);
  if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) return true;
  if (host !== thisHost()) return false;
  return !isRunning(Number(pid)) || start !== (await startOf(Number(pid)));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function removeQuietly(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch {
    // Gone already, or to be removed by the next run; what went wrong before is what the caller has to know.
  }
}

/** Puts the new name on the disk. Some systems do not let folders be opened; there the name is as durable as it gets. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(folder, 'r');
  } catch {
    return;
  }
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

function thisHost(): string {
  return hash('sha256', hostname()).slice(0, 8);
}

/**
 * When the process began: tells it from an earlier one with the same number, as in a restarted container.
 * Where there is no /proc this is `0` for all of them, and a number in use counts as the same process.
 */
async function startOf(pid: number): Promise<string> {
  let line: string;
  try {
    line = await readFile(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return '0';
  }
  // The second field, the command, may itself hold spaces and brackets; the start is the 22nd.
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
}
