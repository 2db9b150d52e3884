import { hash } from 'node:crypto';
import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import type { S3Call } from './call.ts';
import type { Content } from './content.ts';
import { head, type Stored } from './stored.ts';

const CONTENT = 'maestro-sha256';
const STEP = 'maestro-idempotency-key';

/** User metadata by which a later attempt of the same step knows that it was this step that wrote the object, and what. */
export function writeMarks(idempotencyKey: string, content: Content): Record<string, string> {
  // A key may hold what a header must not.
  return { [CONTENT]: content.sha256, [STEP]: hash('sha256', idempotencyKey, 'hex') };
}

/** What an earlier attempt of the same step has stored; undefined when the object is not there, or another's. */
export async function earlierWrite(
  call: S3Call,
  input: PutObjectCommandInput,
  content: Content,
  marks: Record<string, string>,
): Promise<{ exists: boolean; stored?: Pick<Stored, 'etag' | 'versionId'> }> {
  const found = await head(call, input);
  if (found === undefined) return { exists: false };
  const { Metadata = {}, ContentLength, ETag, VersionId } = found;
  const ours = ContentLength === content.size && Metadata[CONTENT] === marks[CONTENT] && Metadata[STEP] === marks[STEP];
  return { exists: true, ...(ours ? { stored: { etag: ETag, versionId: VersionId } } : {}) };
}
