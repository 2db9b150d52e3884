import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { abortable } from '../abort.ts';
import type { ArtifactRef, ArtifactSource, Artifacts } from '../artifact.ts';
import { bytesOf, streamOf } from './chunks.ts';
import { inStore } from './failure.ts';
import { contentPath } from './layout.ts';
import { checkRef, readVerified } from './read.ts';
import { trimStore } from './trim.ts';
import { StoreWriter } from './write.ts';

/** Artifacts in a folder, one file per content, named by its hash. */
export interface FolderArtifacts extends Artifacts {
  /** Absolute path of the folder. */
  readonly dir: string;
  /** Forgets what `ref` refers to, if it is there. */
  remove(ref: ArtifactRef): Promise<void>;
  /** Forgets what was put longest ago until at most `maxBytes` are left. For stores that only hold copies. */
  trim(maxBytes: number): Promise<void>;
}

/**
 * The artifact store in the folder `dir`, which is made when something is first put into it.
 *
 * Durable: a reference is returned only when the content and its name are on the disk. Several processes may share the folder.
 * Content streams through in constant memory, and is verified whenever it is read.
 * Errors: `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT`, `ARTIFACT_REF_INVALID`, `ARTIFACT_SOURCE_INVALID`,
 * `ARTIFACT_STORE_FULL` (may pass), `ARTIFACT_STORE_FAILED`. What a source throws is passed on as it is.
 */
export function createFolderArtifacts(dir: string): FolderArtifacts {
  const root = resolve(dir);
  const writer = new StoreWriter(root);
  return {
    dir: root,
    async put(source: ArtifactSource, meta: { name?: string; contentType?: string; signal?: AbortSignal } = {}): Promise<ArtifactRef> {
      meta.signal?.throwIfAborted();
      const stream = abortable(streamOf(source), meta.signal);
      const file = await inStore(root, 'making a file', () => writer.begin());
      try {
        for await (const bytes of bytesOf(stream)) await inStore(root, 'writing an artifact', () => file.write(bytes));
        meta.signal?.throwIfAborted();
        const { sha256, size } = await inStore(root, 'keeping an artifact', () => file.commit());
        return {
          uri: `artifact:sha256:${sha256}`,
          sha256,
          size,
          contentType: meta.contentType ?? 'application/octet-stream',
          name: meta.name ?? sha256.slice(0, 12),
        };
      } finally {
        await inStore(root, 'removing a temporary file', () => file.discard());
      }
    },
    open(ref: ArtifactRef, options: { signal?: AbortSignal } = {}): AsyncIterable<Uint8Array> {
      return { [Symbol.asyncIterator]: () => readVerified(root, ref, options.signal) };
    },
    async remove(ref: ArtifactRef): Promise<void> {
      checkRef(ref);
      await inStore(root, 'removing an artifact', () => rm(contentPath(root, ref.sha256), { force: true }));
    },
    trim: (maxBytes: number) => inStore(root, 'making room', () => trimStore(root, maxBytes)),
  };
}
