import { type RunContext, TaskError } from '@summit/maestro-sdk';
import { whole } from './blocks.ts';
import { type BundleSource, ZIP_EPOCH } from './collect.ts';
import { compress, type Digest } from './deflate.ts';
import { seal } from './envelope.ts';
import { ENVELOPE_ENTRY, MANIFEST_ENTRY, type Manifest, type ManifestFile, manifestBytes } from './manifest.ts';
import { writeWhole } from './partial-file.ts';
import { HashedFileStream, outputError } from './target.ts';
import { ZipWriter } from './zip-writer.ts';

/** How a bundle is made. */
export interface BundleOptions {
  /** 0 stores, 9 compresses best. */
  level: number;
  reproducible: boolean;
  /** `name@version` of the task that makes it. */
  generator: string;
}

/** What was written. */
export interface WrittenBundle {
  files: ManifestFile[];
  /** Of the bundle. */
  sha256: string;
  size: number;
}

/** Writes `sources` and their manifest to `target`, as a whole or not at all. */
export async function writeBundle(
  ctx: RunContext,
  target: string,
  outPath: string,
  sources: BundleSource[],
  options: BundleOptions,
): Promise<WrittenBundle> {
  const files: ManifestFile[] = [];
  let written = { sha256: '', size: 0 };
  try {
    await writeWhole(target, async (file) => {
      const stream = new HashedFileStream(file);
      const zip = new ZipWriter(stream, options.level, ctx.signal);
      try {
        for await (const { source, digest } of zip.add(sources)) files.push(manifestFile(source, digest));
        for await (const _ of zip.add(await manifestEntries(ctx, files, options)));
        await zip.finish();
      } finally {
        await zip.close();
      }
      ctx.signal.throwIfAborted();
      written = { sha256: stream.digest(), size: stream.bytes };
    });
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw outputError(outPath, error);
  }
  return { files, ...written };
}

/** What `writeBundle` would list, without writing anything. */
export async function previewBundle(ctx: RunContext, sources: BundleSource[]): Promise<ManifestFile[]> {
  const files: ManifestFile[] = [];
  for await (const { source, digest } of compress(sources, undefined)) {
    ctx.signal.throwIfAborted();
    if (digest) files.push(manifestFile(source, digest));
  }
  return files;
}

function manifestFile({ path, entry, description, kind, sha256 }: BundleSource, digest: Digest): ManifestFile {
  if (sha256 !== undefined && sha256 !== digest.sha256) {
    throw TaskError.terminal('ARTIFACT_CORRUPT', `${path} has content with sha256 ${digest.sha256}`);
  }
  return {
    path,
    entry,
    sha256: digest.sha256,
    size: digest.size,
    ...(description === undefined ? {} : { description }),
    ...(kind === undefined ? {} : { kind }),
  };
}

async function manifestEntries(ctx: RunContext, files: ManifestFile[], { reproducible, generator }: BundleOptions) {
  const modified = reproducible ? ZIP_EPOCH : new Date();
  const manifest: Manifest = reproducible
    ? { version: 1, generator, files }
    : { version: 1, generatedAt: modified.toISOString(), generator, run: runFacts(ctx), files };
  const bytes = manifestBytes(manifest);
  const entries = [{ entry: MANIFEST_ENTRY, bytes }];
  if (ctx.signer)
    entries.push({ entry: ENVELOPE_ENTRY, bytes: Buffer.from(`${JSON.stringify(await seal(bytes, ctx.signer), null, 2)}\n`) });
  return entries.map(({ entry, bytes }) => ({ entry, modified, size: bytes.length, read: () => whole(bytes) }));
}

function runFacts(ctx: RunContext): Record<string, unknown> {
  return {
    runId: ctx.runId,
    workflow: ctx.workflowRef,
    task: ctx.taskId,
    namespace: ctx.namespace,
    initiator: ctx.initiator.id,
    ...(ctx.policy ? { policy: { purpose: ctx.policy.purpose, authority: ctx.policy.authority, license: ctx.policy.license } } : {}),
  };
}
