import type { KeyObject } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { ENVELOPE_ENTRY, MANIFEST_ENTRY, type Manifest, type ManifestFile, parseManifest } from '../manifest.ts';
import { CorruptEntry, readContent } from './content.ts';
import type { Problems } from './problems.ts';
import { checkSignature, type SignatureReport } from './signature.ts';
import { readEntries, type ZipEntry } from './zip-entries.ts';

/** How much of a bundle is looked at. */
export interface VerifyLimits {
  /** Default 150,000. */
  maxEntries: number;
  /** Bytes of the manifest, default 64 MiB. */
  maxManifestBytes: number;
  /** Bytes of all files together, uncompressed; default: no limit. */
  maxTotalBytes: number;
  /** Problems reported, default 1,000. */
  maxProblems: number;
}

/** A file of the manifest, and whether the bundle holds it unchanged. */
export interface VerifiedFile extends ManifestFile {
  ok: boolean;
}

/** What was found out about a bundle's contents. */
export interface Findings {
  files: VerifiedFile[];
  manifest: Omit<Manifest, 'files'> | undefined;
  signature: SignatureReport;
}

/** Checks an open bundle. Everything that is wrong with it goes to `problems`; only failures to read the file, and `signal`, throw. */
export async function checkBundle(
  file: FileHandle,
  size: number,
  key: KeyObject | undefined,
  limits: VerifyLimits,
  problems: Problems,
  signal: AbortSignal,
): Promise<Findings> {
  const nothing: Findings = { files: [], manifest: undefined, signature: { status: 'missing', keyIds: [] } };
  const entries = await readEntries(file, size, limits.maxEntries, problems);
  if (entries === undefined) return nothing;
  const byName = new Map<string, ZipEntry>();
  for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry);
  const read = (name: string) => readSmall(file, byName.get(name), limits.maxManifestBytes, problems, signal);
  const text = await read(MANIFEST_ENTRY);
  if (text === undefined) {
    if (!byName.has(MANIFEST_ENTRY))
      problems.add('MANIFEST_MISSING', `has no ${MANIFEST_ENTRY}: it is not a disclosure bundle, or the manifest was removed`);
    return nothing;
  }
  const signature = byName.has(ENVELOPE_ENTRY) ? await read(ENVELOPE_ENTRY) : undefined;
  const findings = { ...nothing, signature: checkSignature(signature, text, key, problems) };
  let manifest: Manifest;
  try {
    manifest = parseManifest(text);
  } catch (error) {
    problems.add('MANIFEST_INVALID', `${MANIFEST_ENTRY} is malformed: ${(error as Error).message}`, MANIFEST_ENTRY);
    return findings;
  }
  const { files, ...facts } = manifest;
  return { ...findings, manifest: facts, files: await checkFiles(file, files, byName, limits, problems, signal) };
}

async function checkFiles(
  file: FileHandle,
  listed: ManifestFile[],
  byName: Map<string, ZipEntry>,
  limits: VerifyLimits,
  problems: Problems,
  signal: AbortSignal,
): Promise<VerifiedFile[]> {
  const total = listed.reduce((sum, { size }) => sum + size, 0);
  if (total > limits.maxTotalBytes)
    problems.add('BUNDLE_TOO_LARGE', `its files have ${total} bytes together; at most ${limits.maxTotalBytes} are looked at`);
  // Where entries share data, little zip can hold endless content.
  const readable = !problems.has('ENTRY_OVERLAP', 'BUNDLE_TOO_LARGE');
  const seen = new Set([MANIFEST_ENTRY, ENVELOPE_ENTRY]);
  const files: VerifiedFile[] = [];
  for (const each of listed) {
    signal.throwIfAborted();
    const entry = byName.get(each.entry);
    let ok = false;
    if (seen.has(each.entry)) problems.add('MANIFEST_INVALID', 'is listed in the manifest more than once, or is part of it', each.entry);
    else if (entry === undefined)
      problems.add('FILE_MISSING', `is listed in the manifest (as ${each.path}) but is not in the bundle`, each.entry);
    else ok = readable && (await checkFile(file, each, entry, problems, signal));
    seen.add(each.entry);
    files.push({ ...each, ok });
  }
  for (const name of byName.keys()) if (!seen.has(name)) problems.add('FILE_ADDED', 'is in the bundle but not in the manifest', name);
  return files;
}

async function checkFile(
  file: FileHandle,
  listed: ManifestFile,
  entry: ZipEntry,
  problems: Problems,
  signal: AbortSignal,
): Promise<boolean> {
  if (entry.size !== listed.size) {
    problems.add('FILE_SIZE_MISMATCH', `has ${entry.size} bytes, the manifest says ${listed.size}`, entry.name);
    return false;
  }
  const sha256 = await readEntry(file, entry, problems, signal);
  if (sha256 !== undefined && sha256 !== listed.sha256)
    problems.add('FILE_HASH_MISMATCH', `has sha256 ${sha256}, the manifest says ${listed.sha256}`, entry.name);
  return sha256 === listed.sha256;
}

async function readEntry(
  file: FileHandle,
  entry: ZipEntry,
  problems: Problems,
  signal: AbortSignal,
  each?: (chunk: Buffer) => void,
): Promise<string | undefined> {
  try {
    return await readContent(file, entry, signal, each);
  } catch (error) {
    if (!(error instanceof CorruptEntry)) throw error;
    problems.add('ENTRY_CORRUPT', error.message, entry.name);
    return undefined;
  }
}

async function readSmall(
  file: FileHandle,
  entry: ZipEntry | undefined,
  limit: number,
  problems: Problems,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  if (entry === undefined) return undefined;
  if (entry.size > limit) {
    problems.add('MANIFEST_TOO_LARGE', `has ${entry.size} bytes; at most ${limit} are looked at`, entry.name);
    return undefined;
  }
  const chunks: Buffer[] = [];
  // The decompressor gives out parts of a buffer that it goes on using.
  const sha256 = await readEntry(file, entry, problems, signal, (chunk) => chunks.push(Buffer.from(chunk)));
  return sha256 === undefined ? undefined : Buffer.concat(chunks);
}
