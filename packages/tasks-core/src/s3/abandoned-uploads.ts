import { AbortMultipartUploadCommand, ListPartsCommand, type ListPartsCommandInput, type S3Client } from '@aws-sdk/client-s3';
import { isTaskError, type Logger } from '@summit/maestro-sdk';
import { orAbort } from '@summit/maestro-sdk/abort';
import type { S3Call } from './call.ts';

/** A multipart upload that is to be no more. */
type Upload = Pick<ListPartsCommandInput, 'Bucket' | 'Key' | 'UploadId' | 'ExpectedBucketOwner' | 'RequestPayer'>;

/** Milliseconds for it; a run that was cancelled waits no longer than the second. */
const WITHIN_MS = 5_000;
const WITHIN_MS_CANCELLED = 1_500;

/** Uploads that could not be removed, as their store was away: tried again with the next put. */
const abandoned = new WeakMap<S3Client, Map<string, Upload>>();
const MOST_ABANDONED = 1_000;

/**
 * Removes an upload, and makes sure that it is gone: a part that was still on its way may have kept it. What fails here is
 * remembered and logged, not thrown: why the upload is removed is what counts.
 */
export async function removeUpload(call: S3Call, begun: Promise<Upload | undefined>, logger: Logger): Promise<void> {
  const signal = AbortSignal.timeout(call.signal.aborted ? WITHIN_MS_CANCELLED : WITHIN_MS);
  let upload: Upload | undefined;
  try {
    upload = await orAbort(begun, signal);
    if (upload !== undefined) await remove(call, upload, signal);
  } catch (error) {
    const { bucket, key } = call.target;
    const remembered = abandoned.get(call.client) ?? new Map<string, Upload>();
    if (upload?.UploadId !== undefined && remembered.size < MOST_ABANDONED) {
      abandoned.set(call.client, remembered.set(upload.UploadId, upload));
    }
    logger.error(
      'a multipart upload could not be removed; the next put will try again, and a lifecycle rule of the bucket should (AbortIncompleteMultipartUpload)',
      {
        bucket,
        key,
        ...(upload?.UploadId === undefined ? {} : { uploadId: upload.UploadId }),
        reason: error instanceof Error ? error.message : String(error),
      },
    );
  }
}

/** Removes what earlier calls had to leave behind. */
export async function removeAbandoned(call: S3Call, logger: Logger): Promise<void> {
  const uploads = [...(abandoned.get(call.client)?.values() ?? [])];
  abandoned.delete(call.client);
  await Promise.all(uploads.map((upload) => removeUpload(call, Promise.resolve(upload), logger)));
}

async function remove(call: S3Call, upload: Upload, signal: AbortSignal): Promise<void> {
  const options = { signal, withinMs: WITHIN_MS };
  try {
    for (;;) {
      await call.request((client, send) => client.send(new AbortMultipartUploadCommand(upload), send), options);
      try {
        await call.request((client, send) => client.send(new ListPartsCommand({ ...upload, MaxParts: 1 }), send), options);
      } catch (error) {
        // Who may not list parts has at least been told that the upload was aborted.
        if (isTaskError(error) && error.code === 'S3_ACCESS_DENIED') return;
        throw error;
      }
    }
  } catch (error) {
    if (!isTaskError(error) || error.code !== 'S3_UPLOAD_NOT_FOUND') throw error;
  }
}
