/** Names of the entries that a bundle has beside the packaged files. */
export const MANIFEST_ENTRY = 'manifest.json';
export const ENVELOPE_ENTRY = 'manifest.dsse.json';

/** A packaged file as the manifest lists it. */
export interface ManifestFile {
  /** As it was given: a path, or the URI of an artifact. */
  path: string;
  /** Its name within the bundle. */
  entry: string;
  /** sha256 of the content, lower-case hex. */
  sha256: string;
  /** Bytes. */
  size: number;
  description?: string;
  /** Present on receipts of earlier runs. */
  kind?: 'receipt';
}

/** What `manifest.json` holds. */
export interface Manifest {
  version: 1;
  /** RFC 3339; absent in reproducible bundles, as is `run`. */
  generatedAt?: string;
  /** `name@version` of the task that made the bundle. */
  generator: string;
  run?: Record<string, unknown>;
  files: ManifestFile[];
}

/** The bytes of `manifest.json`. */
export function manifestBytes(manifest: Manifest): Buffer {
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}

/** Reads `manifest.json`; throws an `Error` that says what is wrong with it. */
export function parseManifest(bytes: Buffer): Manifest {
  const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  if (!isRecord(value)) throw new Error('it is not an object');
  if (value.version !== 1) throw new Error(`its version is ${JSON.stringify(value.version)}; this program knows version 1`);
  const { files } = value;
  if (!Array.isArray(files)) throw new Error('it has no list of files');
  for (const [index, file] of files.entries()) checkFile(file, index);
  return value as unknown as Manifest;
}

function checkFile(file: unknown, index: number): void {
  if (!isRecord(file)) throw new Error(`files/${index} is not an object`);
  for (const key of ['path', 'entry', 'sha256']) {
    if (typeof file[key] !== 'string') throw new Error(`files/${index}/${key} is not a string`);
  }
  if (!/^[0-9a-f]{64}$/.test(file.sha256 as string)) throw new Error(`files/${index}/sha256 is not a sha256 in lower-case hex`);
  if (!Number.isSafeInteger(file.size) || (file.size as number) < 0) throw new Error(`files/${index}/size is not a number of bytes`);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
