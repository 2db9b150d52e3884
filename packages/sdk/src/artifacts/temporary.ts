import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Artifacts } from '../artifact.ts';
import { createFolderArtifacts } from './folder.ts';

let shared: Promise<Artifacts> | undefined;

/**
 * The store of contexts that were given none: a private folder in the system's temporary folder, made at the first call
 * and removed when the process ends. One for the whole process, so that a test can read what a task has put.
 */
export function temporaryArtifacts(): Promise<Artifacts> {
  shared ??= (async () => {
    const dir = await mkdtemp(join(tmpdir(), 'maestro-artifacts-'));
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
    return createFolderArtifacts(dir);
  })();
  // A temporary folder that could not be made today may be possible at the next call.
  shared.catch(() => {
    shared = undefined;
  });
  return shared;
}
