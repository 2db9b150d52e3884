import { relative, resolve, sep } from 'node:path';
import {
  type ArtifactRef,
  InvalidInputError,
  isArtifactRef,
  isTaskError,
  type ProvenanceReceipt,
  type RunContext,
  TaskError,
} from '@summit/maestro-sdk';
import { resolveInWorkspace } from '@summit/maestro-sdk/workspace';
import { whole } from './blocks.ts';
import { EntryNames } from './entry-names.ts';
import { ENVELOPE_ENTRY, MANIFEST_ENTRY } from './manifest.ts';
import { inspectFile, quote, readFile, type SourceFile } from './source-file.ts';
import type { ZipSource } from './zip-writer.ts';

/** A file to package: a path within the workspace, the same with a description, or an artifact. */
export type FileItem = string | { path: string; description?: string } | ArtifactRef;

/** What is to be packaged, and how. */
export interface Wanted {
  files: FileItem[];
  /** Receipts of earlier runs, as files or as they are. */
  receipts?: (FileItem | ProvenanceReceipt)[];
  reproducible?: boolean;
}

/** Something that was found fit for packaging. */
export interface BundleSource extends ZipSource {
  /** What the manifest calls `path`. */
  path: string;
  description?: string;
  kind?: 'receipt';
  /** Where the content's hash is known beforehand. */
  sha256?: string;
  file?: SourceFile;
}

/** The time of every entry of a reproducible bundle: the first one that a zip can hold. */
export const ZIP_EPOCH = new Date('1980-01-01T00:00:00Z');

/** Files looked at together. */
const AT_ONCE = 32;
/** How many problems a message spells out; `details` has all of them. */
const SPELLED_OUT = 20;

type Found = Omit<BundleSource, 'entry'> & { wantedName: string };

/**
 * Looks at everything that is to be packaged, in the order in which it will be. Throws one error that names every item that cannot be:
 * its code is theirs where they agree, else `DISCLOSURE_FILES_UNUSABLE`; its `details` are `{ path, code, message }[]`.
 */
export async function collect(ctx: RunContext, wanted: Wanted): Promise<BundleSource[]> {
  const problems: { path: string; error: TaskError }[] = [];
  const found: Found[] = [];
  const items = [
    ...wanted.files.map((item) => ({ item, receipt: false })),
    ...(wanted.receipts ?? []).map((item) => ({ item, receipt: true })),
  ];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    ctx.signal.throwIfAborted();
    const batch = items.slice(start, start + AT_ONCE);
    const results = await Promise.allSettled(batch.map(({ item, receipt }) => find(ctx, item, receipt)));
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') found.push(result.value);
      else if (isTaskError(result.reason)) problems.push({ path: labelOf(batch[index]?.item as FileItem), error: result.reason });
      else throw result.reason;
    }
  }
  if (problems.length > 0) throw unusable(problems, items.length);
  if (wanted.reproducible) {
    found.sort((a, b) => order(a.kind ?? '', b.kind ?? '') || order(a.path, b.path));
    for (const source of found) source.modified = ZIP_EPOCH;
  }
  const names = new EntryNames([MANIFEST_ENTRY, ENVELOPE_ENTRY]);
  return found.map(({ wantedName, ...source }) => ({ ...source, entry: names.add(wantedName) }));
}

/** What stands for an item in messages, policy requests and receipts. */
export function labelOf(item: FileItem | ProvenanceReceipt): string {
  if (typeof item === 'string') return item;
  if (isArtifactRef(item)) return item.uri;
  return 'path' in item ? item.path : `receipt of run ${item.runId}`;
}

async function find(ctx: RunContext, item: FileItem | ProvenanceReceipt, receipt: boolean): Promise<Found> {
  const kind = receipt ? { kind: 'receipt' as const } : {};
  const place = (name: string) => (receipt ? `receipts/${name.slice(name.lastIndexOf('/') + 1)}` : name);
  if (isArtifactRef(item)) return { ...(await findArtifact(ctx, item)), ...kind, wantedName: place(item.name) };
  if (typeof item === 'object' && 'runId' in item) return inlineReceipt(item);
  const { path, description } = typeof item === 'string' ? { path: item, description: undefined } : item;
  const file = await inspectFile(path, await resolveInWorkspace(ctx.workspace, path));
  return {
    path,
    ...(description === undefined ? {} : { description }),
    ...kind,
    wantedName: place(nameWithin(ctx.workspace, path, file.real)),
    size: Number(file.stats.size),
    modified: file.stats.mtime,
    file,
    read: () => readFile(file),
  };
}

async function findArtifact(ctx: RunContext, ref: ArtifactRef): Promise<Omit<Found, 'wantedName'>> {
  const read = () => ctx.artifacts.open(ref, { signal: ctx.signal });
  // Whether the store has it shows when it is opened.
  for await (const _ of read()) break;
  return { path: ref.uri, size: ref.size, sha256: ref.sha256, modified: new Date(), read };
}

function inlineReceipt(receipt: ProvenanceReceipt): Found {
  const bytes = Buffer.from(`${JSON.stringify(receipt, null, 2)}\n`);
  const name = `receipts/${receipt.runId}.json`;
  return { path: name, wantedName: name, kind: 'receipt', size: bytes.length, modified: new Date(), read: () => whole(bytes) };
}

/** The path within the workspace, with `/`. An absolute path may name the workspace by way of a link. */
function nameWithin(workspace: string, path: string, real: string): string {
  const step = relative(workspace, resolve(workspace, path));
  const inside = step.startsWith('..') ? real.slice(real.lastIndexOf(sep) + 1) : step;
  return inside.split(sep).join('/');
}

function unusable(problems: { path: string; error: TaskError }[], total: number): TaskError {
  const codes = new Set(problems.map(({ error }) => error.code));
  const [only] = codes;
  const code = codes.size === 1 && only !== undefined ? only : 'DISCLOSURE_FILES_UNUSABLE';
  const spelled = problems.slice(0, SPELLED_OUT).map(({ error }) => `- ${error.message}`);
  const more = problems.length > SPELLED_OUT ? [`- and ${problems.length - SPELLED_OUT} more`] : [];
  const message = [`${problems.length} of ${total} files cannot be packaged, so nothing was written:`, ...spelled, ...more].join('\n');
  const details = problems.map(({ path, error }) => ({ path, code: error.code, message: error.message }));
  const retryable = problems.every(({ error }) => error.retryable);
  return retryable ? TaskError.transient(code, message, { details }) : new InvalidInputError(message, { code, details });
}

/** By UTF-16 code units: the same everywhere, whatever the locale. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The path of the source that is the same file as `other`, be it by another name. */
export function sameFile(sources: BundleSource[], other: { dev: bigint; ino: bigint }): string | undefined {
  const found = sources.find(({ file }) => file !== undefined && file.stats.dev === other.dev && file.stats.ino === other.ino);
  return found && quote(found.path);
}
