import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes the content that was written longest ago until the store in `root` holds at most `maxBytes`, or nothing but what was written
 * last. Whoever is reading what is removed reads on: it is gone when the last reader has closed it.
 */
export async function trimStore(root: string, maxBytes: number): Promise<void> {
  const files = await contentFiles(root);
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.sort((a, b) => a.writtenAt - b.writtenAt).slice(0, -1)) {
    if (total <= maxBytes) return;
    await rm(path, { force: true });
    total -= size;
  }
}

interface ContentFile {
  path: string;
  size: number;
  writtenAt: number;
}

async function contentFiles(root: string): Promise<ContentFile[]> {
  const top = join(root, 'sha256');
  const found: ContentFile[] = [];
  for (const folder of await namesIn(top)) {
    for (const name of await namesIn(join(top, folder))) {
      const path = join(top, folder, name);
      const facts = await stat(path).catch(gone);
      if (facts?.isFile()) found.push({ path, size: facts.size, writtenAt: facts.mtimeMs });
    }
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(gone)) ?? [];
}

/** Another process may trim the same store. */
function gone(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
