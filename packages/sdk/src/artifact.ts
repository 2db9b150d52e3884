/** A reference to content too large for a journal: content-addressed, verified whenever it is read. */
export interface ArtifactRef {
  /** `artifact:sha256:<hex>` */
  uri: string;
  /** sha256 of the content, lower-case hex. */
  sha256: string;
  /** Size of the content in bytes. */
  size: number;
  /** Media type, e.g. `application/zip`. */
  contentType: string;
  /** File name to show to people; not part of the content's identity. */
  name: string;
}

/** Anything an artifact can be written from; streams are consumed once, with backpressure. */
export type ArtifactSource = string | Uint8Array | AsyncIterable<Uint8Array | string>;

/** The artifact store as a task sees it. */
export interface Artifacts {
  /** Streams `source` into the store. The same content stored twice is kept once. */
  put(source: ArtifactSource, meta?: { name?: string; contentType?: string; signal?: AbortSignal }): Promise<ArtifactRef>;
  /**
   * Streams the content of `ref`, in chunks of bytes.
   * The hash is checked on the way; a mismatch throws `ARTIFACT_CORRUPT` before the stream ends,
   * a reference that is not in the store throws `ARTIFACT_NOT_FOUND`.
   */
  open(ref: ArtifactRef, options?: { signal?: AbortSignal }): AsyncIterable<Uint8Array>;
}

/** JSON Schema of {@link ArtifactRef}; embed it wherever a task takes or returns an artifact. */
export const artifactRefSchema = {
  type: 'object',
  description: 'Reference to an artifact: content too large to be carried inline',
  properties: {
    uri: { type: 'string', pattern: '^artifact:sha256:[0-9a-f]{64}$', description: 'artifact:sha256:<hex>' },
    sha256: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'sha256 of the content, hex' },
    size: { type: 'integer', minimum: 0, description: 'Size in bytes' },
    contentType: { type: 'string', description: 'Media type' },
    name: { type: 'string', description: 'File name to show to people' },
  },
  required: ['uri', 'sha256', 'size', 'contentType', 'name'],
  additionalProperties: false,
} as const;

/** True for a value shaped like an {@link ArtifactRef}. */
export function isArtifactRef(value: unknown): value is ArtifactRef {
  if (typeof value !== 'object' || value === null) return false;
  const { uri, sha256 } = value as Partial<ArtifactRef>;
  return typeof uri === 'string' && typeof sha256 === 'string' && uri === `artifact:sha256:${sha256}`;
}
