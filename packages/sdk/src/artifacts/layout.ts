import { join } from 'node:path';

/** Where the content with this hash is kept. */
export function contentPath(root: string, sha256: string): string {
  return join(root, 'sha256', sha256.slice(0, 2), sha256);
}

/** Where content is written before its hash is known. */
export function temporaryFolder(root: string): string {
  return join(root, 'tmp');
}
