import { PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { isTaskError, type RunContext, TaskError } from '@summit/maestro-sdk';
import { removeAbandoned } from './abandoned-uploads.ts';
import { S3Call } from './call.ts';
import { s3Connection } from './client.ts';
import { type Content, contentOf } from './content.ts';
import { objectName } from './failure.ts';
import { type Integrity, integrityOf, md5 } from './integrity.ts';
import { multipartUpload } from './multipart.ts';
import { PART_BYTES } from './parts.ts';
import { knowHash } from './payload-hash.ts';
import type { PutInput, PutOutput } from './put-fields.ts';
import { putParams } from './put-params.ts';
import { bareEtag, type Stored, verifyStored } from './stored.ts';
import { targetOf } from './target.ts';
import { earlierWrite, writeMarks } from './write-marks.ts';

/** Stores an object, in one request or in parts, and makes sure that it is what was sent. */
export async function putObject(ctx: RunContext, payload: PutInput): Promise<PutOutput> {
  ctx.signal.throwIfAborted();
  const content = contentOf(ctx, payload, ctx.signal);
  const marks = payload.writeMarks === false ? undefined : writeMarks(ctx.idempotencyKey, content);
  const input = putParams(payload, content, marks);
  const connection = await s3Connection(ctx, payload, payload.requestChecksumCalculation);
  return connection.use(ctx.signal, async (client) => {
    const call = new S3Call(client, await targetOf(client, payload), ctx.signal, payload.timeoutMs ?? 30_000);
    const checksums = (await client.config.requestChecksumCalculation()) as 'WHEN_SUPPORTED';
    const request = { signed: payload.credentials !== 'none', locked: payload.objectLock !== undefined };
    const integrity = integrityOf(payload.checksumAlgorithm, checksums, request);
    await removeAbandoned(call, ctx.logger);
    const { etag, versionId } = await storeOnce(ctx, call, input, content, integrity, marks);
    return {
      etag: bareEtag(etag),
      ...(versionId === undefined ? {} : { versionId }),
      size: content.size,
      sha256: content.sha256,
    };
  });
}

type Kept = Pick<Stored, 'etag' | 'versionId'>;

/** Stores the object unless an earlier attempt of the same step has done so already. */
async function storeOnce(
  ctx: RunContext,
  call: S3Call,
  input: PutObjectCommandInput,
  content: Content,
  integrity: Integrity,
  marks: Record<string, string> | undefined,
): Promise<Kept> {
  const inParts = content.size > PART_BYTES;
  const earlier = async () => (marks === undefined ? undefined : earlierWrite(call, input, content, marks));
  // Before gigabytes travel for nothing; and where a second version of the same would be one too many.
  if (ctx.attempt > 1 || (inParts && input.IfNoneMatch === '*')) {
    const found = await earlier();
    if (found?.stored !== undefined) return found.stored;
    if (found?.exists && input.IfNoneMatch === '*') throw exists(call);
  }
  try {
    const stored = inParts
      ? await multipartUpload(call, input, content, integrity, ctx.logger)
      : await putWhole(call, input, content, integrity);
    await verifyStored(call, input, content, stored);
    return stored;
  } catch (error) {
    // It may be our own write that is in the way: its answer was lost, or the process that made it.
    if (!isTaskError(error) || !MAY_BE_OURS.has(error.code)) throw error;
    const found = await earlier();
    if (found?.stored !== undefined) return found.stored;
    throw found?.exists && input.IfNoneMatch === '*' ? exists(call) : error;
  }
}

// A server that refuses a body unread cuts the connection, and its refusal may be lost on the way.
const MAY_BE_OURS = new Set(['S3_PRECONDITION_FAILED', 'S3_UPLOAD_NOT_FOUND', 'S3_CONNECTION_LOST']);

async function putWhole(call: S3Call, input: PutObjectCommandInput, content: Content, integrity: Integrity): Promise<Stored> {
  const body = content.bytes ?? (await gathered(content));
  knowHash(body, content.sha256);
  const digest = md5(body);
  const answer = await call.request((client, options) =>
    client.send(new PutObjectCommand({ ...input, ...integrity.ofPart(digest), Body: body, ContentLength: body.length }), options),
  );
  const confirmed = integrity.algorithm !== undefined && answer[`Checksum${integrity.algorithm}` as 'ChecksumCRC32'] !== undefined;
  return { etag: answer.ETag, versionId: answer.VersionId, expectedEtag: digest.toString('hex'), checksummed: confirmed };
}

async function gathered(content: Content): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content.open()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function exists(call: S3Call): TaskError {
  return TaskError.terminal(
    'S3_PRECONDITION_FAILED',
    `${objectName(call.target)}: the object exists, and ifNoneMatch asks that it does not`,
  );
}
