import { type ArtifactRef, type Artifacts, createRunContext, isTaskError, type RunContext, TaskError } from '@summit/maestro-sdk';
import type { FolderArtifacts } from '@summit/maestro-sdk/artifacts';
import type { ConnectionInput } from './connection-fields.ts';
import type { Encryption } from './encryption-fields.ts';
import { getObject } from './get-object.ts';
import { putObject } from './put-object.ts';

/** Where the artifacts of several workers are kept, and as whom. */
export interface S3ArtifactsOptions
  extends Pick<ConnectionInput, 'bucket' | 'region' | 'endpoint' | 'forcePathStyle' | 'assumeRole' | 'expectedBucketOwner' | 'tls'> {
  /** Before the keys of the objects, e.g. `maestro/`. Default: none. */
  prefix?: string;
  /** Encryption at rest. Default: what the bucket says. */
  sse?: Encryption;
  /** Copies on this machine: what is put goes through it, and what is read comes from it. */
  copies: FolderArtifacts;
  /** How many bytes of copies are kept, about; default 10 GiB. */
  copiesBytes?: number;
  /** Clients of the worker, and its secrets: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, where they exist; else the machine's own identity counts. */
  context: Pick<RunContext, 'pool' | 'secrets'>;
}

const COPIES_BYTES = 10 * 1024 ** 3;
/** How often a copy is made for one reader: others may need its room before it is read. */
const FETCHES = 3;
/** Copies are counted again when so much has been added, as a part of what is kept. */
const COUNTED_AGAIN = 0.1;

/**
 * The artifact store in an S3 bucket: one object per content, `<prefix>sha256/<first two digits>/<sha256>`, so that workers on
 * several machines read what the others have put. A reference is returned only when the object is stored, and content is verified whenever it
 * is read. Nothing is ever removed from the bucket; give it a lifecycle rule.
 *
 * Errors: those of the copies' store; `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT`; `ARTIFACT_STORE_FAILED` with the S3 error as its cause.
 */
export function createS3Artifacts(options: S3ArtifactsOptions): Artifacts {
  return new S3Artifacts(options);
}

class S3Artifacts implements Artifacts {
  readonly #options: S3ArtifactsOptions;
  readonly #fetching = new Map<string, Promise<void>>();
  #added = Number.POSITIVE_INFINITY;
  #trimming: Promise<void> | undefined;

  constructor(options: S3ArtifactsOptions) {
    this.#options = options;
  }

  async put(...[source, meta]: Parameters<Artifacts['put']>): Promise<ArtifactRef> {
    const { copies, sse } = this.#options;
    const ref = await copies.put(source, meta);
    await this.#inStore(async () => {
      const { contentType, size } = ref;
      const stored = { ...this.#object(ref), artifact: ref, contentType, ifNoneMatch: '*' as const, ...(sse === undefined ? {} : { sse }) };
      await putObject(this.#context(meta?.signal), stored);
      await this.#grown(size);
    });
    return ref;
  }

  async *open(ref: ArtifactRef, options: { signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array, void, undefined> {
    let begun = false;
    for (let fetches = 0; ; fetches += 1) {
      try {
        for await (const chunk of this.#options.copies.open(ref, options)) {
          begun = true;
          yield chunk;
        }
        return;
      } catch (error) {
        if (!isTaskError(error)) throw error;
        if (error.code === 'ARTIFACT_CORRUPT') {
          // The copy is spoilt; the next attempt has a new one.
          await this.#options.copies.remove(ref);
          if (begun) throw TaskError.transient(error.code, error.message, { cause: error });
        } else if (error.code !== 'ARTIFACT_NOT_FOUND') throw error;
        if (fetches === FETCHES) throw error;
      }
      await this.#fetch(ref, options.signal);
    }
  }

  /** Makes the copy of an artifact; whoever asks meanwhile waits for the same one. */
  async #fetch(ref: ArtifactRef, signal: AbortSignal | undefined): Promise<void> {
    const running = this.#fetching.get(ref.sha256);
    // One that was given up with its caller is no answer for another.
    if (running !== undefined && (await running.then(done, failed))) return;
    signal?.throwIfAborted();
    const fetching = this.#inStore(() => this.#download(ref, signal)).finally(() => {
      if (this.#fetching.get(ref.sha256) === fetching) this.#fetching.delete(ref.sha256);
    });
    this.#fetching.set(ref.sha256, fetching);
    await fetching;
  }

  async #download(ref: ArtifactRef, signal: AbortSignal | undefined): Promise<void> {
    try {
      const { artifact } = await getObject(this.#context(signal), { ...this.#object(ref), as: 'artifact' });
      await this.#grown(ref.size);
      if (artifact?.sha256 === ref.sha256) return;
      throw TaskError.terminal(
        'ARTIFACT_CORRUPT',
        `artifact ${ref.uri} ("${ref.name}") in ${this.#place} is not what it was: its content has sha256 ${artifact?.sha256}; restore it, or make it again`,
      );
    } catch (error) {
      if (!isTaskError(error) || error.code !== 'S3_KEY_NOT_FOUND') throw error;
      throw TaskError.terminal(
        'ARTIFACT_NOT_FOUND',
        `artifact ${ref.uri} ("${ref.name}") is not in ${this.#place}; it was removed, or belongs to another store`,
        { cause: error },
      );
    }
  }

  /** Errors of S3 are those of a store that the task at work does not know. */
  async #inStore<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isTaskError(error) || !error.code.startsWith('S3_')) throw error;
      throw new TaskError(`artifact store ${this.#place}: ${error.message}`, {
        code: 'ARTIFACT_STORE_FAILED',
        retryable: error.retryable,
        cause: error,
      });
    }
  }

  /** Sees to it that copies do not pile up. */
  async #grown(bytes: number): Promise<void> {
    const { copies, copiesBytes = COPIES_BYTES } = this.#options;
    this.#added += bytes;
    if (this.#added < copiesBytes * COUNTED_AGAIN) return;
    this.#trimming ??= copies.trim(copiesBytes).finally(() => {
      this.#trimming = undefined;
    });
    this.#added = 0;
    await this.#trimming;
  }

  #object({ sha256 }: ArtifactRef) {
    const { prefix = '', copies: _, copiesBytes: __, context: ___, sse: ____, ...connection } = this.#options;
    return { ...connection, key: `${prefix}sha256/${sha256.slice(0, 2)}/${sha256}` };
  }

  #context(signal: AbortSignal | undefined): RunContext {
    const { copies, context } = this.#options;
    return createRunContext({
      pool: context.pool,
      secrets: context.secrets,
      artifacts: copies,
      // The same content is the same write, whoever makes it: one look at the store tells whether it is there.
      idempotencyKey: 'artifact',
      attempt: 2,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  get #place(): string {
    return `s3://${this.#options.bucket}/${this.#options.prefix ?? ''}`;
  }
}

const done = () => true;
const failed = () => false;
