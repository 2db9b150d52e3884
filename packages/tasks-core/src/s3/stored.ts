import { HeadObjectCommand, type HeadObjectCommandOutput, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { isTaskError, TaskError } from '@summit/maestro-sdk';
import type { S3Call } from './call.ts';
import type { Content } from './content.ts';
import { objectName } from './failure.ts';

/** What the store says of an object it has taken. */
export interface Stored {
  etag: string | undefined;
  versionId: string | undefined;
  /** What the ETag is where it is made from the content, as most stores do without encryption by KMS; undefined where nobody worked it out. */
  expectedEtag: string | undefined;
  /** True where the store has sent back the checksum that came with the content. */
  checksummed?: boolean;
}

/** The ETag without the quotes that are around it in a header. */
export function bareEtag(etag: string | undefined): string {
  return (etag ?? '').replace(/^(?:W\/)?"(.*)"$/, '$1');
}

/** The ETag as a header has it. */
export function quotedEtag(etag: string | undefined): string | undefined {
  return etag === undefined || etag === '*' ? etag : `"${bareEtag(etag)}"`;
}

/**
 * Compares what is stored with what was sent, without downloading it: by the ETag where it is made from the content or by the
 * checksum the store confirmed, else by asking for the object's size and checksum.
 */
export async function verifyStored(call: S3Call, input: PutObjectCommandInput, content: Content, stored: Stored): Promise<void> {
  if (stored.checksummed === true || bareEtag(stored.etag) === stored.expectedEtag) return;
  const found = await head(call, input, stored.versionId);
  if (found === undefined) return;
  if (found.ContentLength !== content.size) {
    throw damaged(
      call,
      `${found.ContentLength ?? 'an unknown number of'} bytes are stored of ${content.size} that were sent; does the store understand the request?`,
    );
  }
  const { ChecksumSHA256: sha256, ChecksumType: type } = found;
  const sent = Buffer.from(content.sha256, 'hex').toString('base64');
  if (sha256 !== undefined && type !== 'COMPOSITE' && !/-\d+$/.test(sha256) && sha256 !== sent) {
    throw damaged(call, `its SHA256 is ${sha256}, ${sent} was sent`);
  }
}

/** What the store says about the object; undefined when it is not there, or may be written but not looked at. */
export async function head(
  call: S3Call,
  input: PutObjectCommandInput,
  versionId?: string | undefined,
): Promise<HeadObjectCommandOutput | undefined> {
  const { Bucket, Key, ExpectedBucketOwner, RequestPayer, SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = input;
  const params = {
    Bucket,
    Key,
    ExpectedBucketOwner,
    RequestPayer,
    SSECustomerAlgorithm,
    SSECustomerKey,
    SSECustomerKeyMD5,
    VersionId: versionId,
  };
  try {
    return await call.request((client, options) => client.send(new HeadObjectCommand({ ...params, ChecksumMode: 'ENABLED' }), options));
  } catch (error) {
    if (isTaskError(error) && HIDDEN.has(error.code)) return undefined;
    throw error;
  }
}

const HIDDEN = new Set(['S3_KEY_NOT_FOUND', 'S3_KEY_DELETED', 'S3_ACCESS_DENIED']);

function damaged(call: S3Call, what: string): TaskError {
  return TaskError.transient('S3_CHECKSUM_MISMATCH', `${objectName(call.target)}: what is stored is not what was sent: ${what}`);
}
