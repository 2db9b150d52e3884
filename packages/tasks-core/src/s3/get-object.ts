import type { GetObjectCommandInput } from '@aws-sdk/client-s3';
import { InvalidInputError, type RunContext, TaskError } from '@summit/maestro-sdk';
import { parseExactly } from '../records/exact-json.ts';
import { S3Call } from './call.ts';
import { s3Connection } from './client.ts';
import { beginDownload, type Download } from './download.ts';
import { customerKeyParams } from './encryption.ts';
import { objectName } from './failure.ts';
import type { GetInput, GetOutput } from './get-fields.ts';
import { bareEtag, quotedEtag } from './stored.ts';
import { targetOf } from './target.ts';

/** Largest output that is carried inline, in bytes of JSON. */
const INLINE_BYTES = 256 * 1024;

/** Reads an object into the output, or streams it into the artifact store. */
export async function getObject(ctx: RunContext, payload: GetInput): Promise<GetOutput> {
  ctx.signal.throwIfAborted();
  const { as = 'text', maxBytes = as === 'artifact' ? Number.POSITIVE_INFINITY : INLINE_BYTES } = payload;
  const connection = await s3Connection(ctx, payload);
  return connection.use(ctx.signal, async (client) => {
    const call = new S3Call(client, await targetOf(client, payload), ctx.signal, payload.timeoutMs ?? 30_000);
    const download = await beginDownload(call, getParams(payload));
    const { size, head } = download;
    try {
      // A proxy or a login page answers everything with 200, and would be taken for the object.
      if (head.ETag === undefined && head.LastModified === undefined) {
        throw TaskError.terminal(
          'S3_PROTOCOL',
          `${objectName(call.target)}: what answered is no S3 store: it names neither ETag nor Last-Modified of the object (content type ${head.ContentType ?? 'not given'})`,
        );
      }
      if (payload.range !== undefined && head.ContentRange === undefined) {
        throw TaskError.terminal(
          'S3_UNSUPPORTED',
          `${objectName(call.target)}: the store does not answer with the range that was asked for`,
        );
      }
      // Text in JSON is never shorter than the bytes it is made of.
      if (size > maxBytes) throw tooLarge(call, size, maxBytes, as);
    } catch (error) {
      download.discard();
      throw error;
    }
    const output = { ...(await received(ctx, call, download, as)), ...facts(download) };
    // A byte of text is at most six in JSON: what is small is not written twice to be measured.
    if (as !== 'artifact' && payload.maxBytes === undefined && size * 6 > INLINE_BYTES) {
      const bytes = Buffer.byteLength(JSON.stringify(output));
      if (bytes > INLINE_BYTES) throw tooLarge(call, bytes, INLINE_BYTES, as);
    }
    return output;
  });
}

function getParams(payload: GetInput): GetObjectCommandInput {
  const { bucket, key, versionId, range, ifMatch, ifNoneMatch } = payload;
  if (range !== undefined && !/^bytes=(?:\d+-\d*|-\d+)$/.test(range)) {
    throw new InvalidInputError(`range: expected one range of bytes such as bytes=0-1023, found ${JSON.stringify(range)}`);
  }
  return {
    Bucket: bucket,
    Key: key,
    VersionId: versionId,
    Range: range,
    IfMatch: quotedEtag(ifMatch),
    IfNoneMatch: quotedEtag(ifNoneMatch),
    ExpectedBucketOwner: payload.expectedBucketOwner,
    RequestPayer: payload.requestPayer === true ? 'requester' : undefined,
    ...customerKeyParams(payload.customerKey),
  };
}

async function received(
  ctx: RunContext,
  call: S3Call,
  download: Download,
  as: NonNullable<GetInput['as']>,
): Promise<Pick<GetOutput, 'body' | 'json' | 'artifact'>> {
  if (as === 'artifact') {
    const { key } = call.target;
    const name = key.split('/').findLast((part) => part !== '') ?? key;
    const contentType = download.head.ContentType ?? 'application/octet-stream';
    return { artifact: await ctx.artifacts.put(download.content(), { name, contentType, signal: ctx.signal }) };
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of download.content()) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (as === 'base64') return { body: bytes.toString('base64') };
  const text = textOf(call, bytes, download.head.ContentEncoding);
  if (as === 'text') return { body: text };
  try {
    return { json: parseExactly(text.replace(/^\uFEFF/, '')) };
  } catch (cause) {
    throw TaskError.terminal('S3_NOT_JSON', `${objectName(call.target)}: the content is not JSON: ${(cause as Error).message}`, { cause });
  }
}

function textOf(call: S3Call, bytes: Buffer, encoding: string | undefined): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const packed = encoding === undefined ? '' : ` (its content encoding is ${encoding})`;
    throw TaskError.terminal(
      'S3_NOT_TEXT',
      `${objectName(call.target)}: the content is not UTF-8${packed}; use as: base64 or as: artifact`,
      { cause },
    );
  }
}

function facts({ head, size }: Download): Omit<GetOutput, 'body' | 'json' | 'artifact'> {
  const { ETag, ContentType, LastModified, VersionId, Metadata, ContentRange, ContentEncoding } = head;
  return {
    etag: bareEtag(ETag),
    size,
    contentType: ContentType ?? 'application/octet-stream',
    lastModified: (LastModified ?? new Date(0)).toISOString(),
    ...(VersionId === undefined ? {} : { versionId: VersionId }),
    ...(Metadata === undefined || Object.keys(Metadata).length === 0 ? {} : { metadata: Metadata }),
    ...(ContentRange === undefined ? {} : { contentRange: ContentRange }),
    ...(ContentEncoding === undefined ? {} : { contentEncoding: ContentEncoding }),
  };
}

function tooLarge(call: S3Call, found: number, limit: number, as: string): TaskError {
  const instead = as === 'artifact' ? 'raise maxBytes if that is right' : 'use as: artifact, or a range';
  return TaskError.terminal(
    'S3_BODY_TOO_LARGE',
    `${objectName(call.target)}: ${found} bytes, more than the ${limit} that are taken as ${as}; ${instead}`,
    {
      details: { bytes: found, limit },
    },
  );
}
