import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Logger } from '@summit/maestro-sdk';
import { orAbort } from '@summit/maestro-sdk/abort';
import { removeUpload } from './abandoned-uploads.ts';
import type { S3Call } from './call.ts';
import type { Content } from './content.ts';
import { type Integrity, md5 } from './integrity.ts';
import { type Part, partPlan, partsOf } from './parts.ts';
import { hashAside } from './payload-hash.ts';
import type { Stored } from './stored.ts';

/** What the request that ends an upload may say of the one that began it. */
const ENDING = [
  'Bucket',
  'Key',
  'ExpectedBucketOwner',
  'RequestPayer',
  'IfMatch',
  'IfNoneMatch',
  'SSECustomerAlgorithm',
  'SSECustomerKey',
  'SSECustomerKeyMD5',
] as const satisfies readonly (keyof PutObjectCommandInput)[];
/** What every part has to say of it. */
const OF_PARTS = [
  'Bucket',
  'Key',
  'ExpectedBucketOwner',
  'RequestPayer',
  'SSECustomerAlgorithm',
  'SSECustomerKey',
  'SSECustomerKeyMD5',
] as const;
const OF_UPLOADS = ['Bucket', 'Key', 'ExpectedBucketOwner', 'RequestPayer'] as const;

/**
 * Sends an object in parts, several at a time, holding no more of it than those. When it fails or is cancelled, the parts in
 * flight are ended, the upload is aborted at the store, and the store is asked whether it is gone.
 */
export async function multipartUpload(
  call: S3Call,
  input: PutObjectCommandInput,
  content: Content,
  integrity: Integrity,
  logger: Logger,
): Promise<Stored> {
  // Not cancelled with the run: an upload that began without our knowing its id could not be removed.
  const beginning = call.request(
    (client, options) => client.send(new CreateMultipartUploadCommand({ ...input, ...integrity.ofUpload, ...NOT_OF_UPLOAD }), options),
    { signal: new AbortController().signal },
  );
  const stop = new AbortController();
  const onAbort = () => stop.abort(call.signal.reason);
  call.signal.addEventListener('abort', onAbort, { once: true });
  let uploadId: string | undefined;
  try {
    uploadId = (await orAbort(beginning, call.signal)).UploadId;
    const parts = await sendParts(call, { ...pick(input, OF_PARTS), UploadId: uploadId }, content, integrity, stop);
    const digests = parts.flatMap(({ digest }) => digest ?? []);
    const ending = { ...pick(input, ENDING), UploadId: uploadId, MultipartUpload: { Parts: parts.map(({ completed }) => completed) } };
    // A store may take minutes to put the parts together; it sends blanks meanwhile, and its silence is noticed by the socket.
    const done = await call.request((client, options) => client.send(new CompleteMultipartUploadCommand(ending), options), {
      withinMs: Number.POSITIVE_INFINITY,
    });
    const expectedEtag = integrity.contentMd5 ? `${md5(Buffer.concat(digests)).toString('hex')}-${digests.length}` : undefined;
    return { etag: done.ETag, versionId: done.VersionId, expectedEtag };
  } catch (error) {
    stop.abort(error);
    const begun = beginning.then(
      ({ UploadId }) => ({ ...pick(input, OF_UPLOADS), UploadId }),
      // What never began need not be removed.
      () => undefined,
    );
    await removeUpload(call, begun, logger);
    throw error;
  } finally {
    call.signal.removeEventListener('abort', onAbort);
  }
}

/** Said by the request that ends the upload, or by none. */
const NOT_OF_UPLOAD = { Body: undefined, ContentLength: undefined, ContentMD5: undefined, IfMatch: undefined, IfNoneMatch: undefined };

interface SentPart {
  completed: CompletedPart;
  /** Its MD5, where that was sent. */
  digest: Buffer | undefined;
}

async function sendParts(
  call: S3Call,
  common: Pick<PutObjectCommandInput, (typeof OF_PARTS)[number]> & { UploadId: string | undefined },
  content: Content,
  integrity: Integrity,
  stop: AbortController,
): Promise<SentPart[]> {
  const { partBytes, concurrency } = partPlan(content.size);
  const parts = partsOf(content.open(), partBytes);
  const sent: SentPart[] = [];
  const send = async (part: Part) => {
    const hashed = hashAside(part.bytes);
    const digest = integrity.contentMd5 ? md5(part.bytes) : undefined;
    await hashed;
    const answer = await call.request(
      (client, options) =>
        client.send(
          new UploadPartCommand({
            ...common,
            ...integrity.ofPart(digest),
            PartNumber: part.number,
            Body: part.bytes,
            ContentLength: part.bytes.length,
          }),
          options,
        ),
      { signal: stop.signal, withinMs: Number.POSITIVE_INFINITY },
    );
    const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = answer;
    sent.push({
      digest,
      completed: { PartNumber: part.number, ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 },
    });
    part.release();
  };
  // One reader for all senders: generators hand out one part after the other.
  const sender = async () => {
    for (;;) {
      stop.signal.throwIfAborted();
      const { value: part, done } = await parts.next();
      if (done) return;
      await send(part);
    }
  };
  const senders = Array.from({ length: concurrency }, () =>
    sender().catch((error: unknown) => {
      // The first failure ends the others, and is the one that is told.
      stop.abort(error);
      throw error;
    }),
  );
  try {
    await Promise.all(senders);
  } finally {
    await Promise.allSettled(senders);
    await parts.return();
  }
  return sent.sort((a, b) => (a.completed.PartNumber ?? 0) - (b.completed.PartNumber ?? 0));
}

function pick<T extends object, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;
}
