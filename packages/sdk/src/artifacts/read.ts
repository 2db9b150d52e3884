import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { type ArtifactRef, isArtifactRef } from '../artifact.ts';
import { InvalidInputError, TaskError } from '../errors.ts';
import { inStore } from './failure.ts';
import { contentPath } from './layout.ts';

const READ_SIZE = 256 * 1024;

/**
 * Streams the content of `ref`. The last chunk is handed out only when the hash of everything has been checked,
 * so whoever has seen the end of the stream has seen the right content.
 */
export async function* readVerified(
  root: string,
  ref: ArtifactRef,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  checkRef(ref);
  const file = await openContent(root, ref);
  try {
    const { size } = await inStore(root, 'reading an artifact', () => file.stat());
    if (size !== ref.size) throw corrupt(root, ref, `expected ${ref.size} bytes, found ${size}`);
    const hash = createHash('sha256');
    let position = 0;
    do {
      signal?.throwIfAborted();
      const buffer = Buffer.allocUnsafe(Math.min(READ_SIZE, size - position));
      const { bytesRead } = await inStore(root, 'reading an artifact', () => file.read(buffer, 0, buffer.length, position));
      if (bytesRead === 0 && size > 0) throw corrupt(root, ref, `expected ${size} bytes, found ${position}`);
      position += bytesRead;
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      if (position === size) {
        const found = hash.digest('hex');
        if (found !== ref.sha256) throw corrupt(root, ref, `its content has sha256 ${found}`);
      }
      if (bytesRead > 0) yield chunk;
    } while (position < size);
  } finally {
    await file.close();
  }
}

/** A reference comes from outside: what is no hash must not become part of a path. */
export function checkRef(ref: ArtifactRef): void {
  const ok = isArtifactRef(ref) && /^[0-9a-f]{64}$/.test(ref.sha256) && Number.isSafeInteger(ref.size) && ref.size >= 0;
  if (ok) return;
  const found =
    typeof ref === 'object' && ref !== null ? JSON.stringify({ uri: ref.uri, sha256: ref.sha256, size: ref.size }) : String(ref);
  throw new InvalidInputError(
    `expected an artifact reference { uri: "artifact:sha256:<hex>", sha256, size }, found ${found.slice(0, 300)}`,
    {
      code: 'ARTIFACT_REF_INVALID',
    },
  );
}

async function openContent(root: string, ref: ArtifactRef): Promise<FileHandle> {
  return inStore(root, 'reading an artifact', async () => {
    try {
      return await open(contentPath(root, ref.sha256), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return undefined;
    }
  }).then((file) => {
    if (file !== undefined) return file;
    throw TaskError.terminal(
      'ARTIFACT_NOT_FOUND',
      `artifact ${ref.uri} ("${ref.name}") is not in the store ${root}; it was removed, or belongs to another store`,
    );
  });
}

function corrupt(root: string, ref: ArtifactRef, found: string): TaskError {
  return TaskError.terminal(
    'ARTIFACT_CORRUPT',
    `artifact ${ref.uri} ("${ref.name}") in the store ${root} is not what it was: ${found}; restore it, or make it again`,
  );
}
