import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testBucket } from '../../test/support/s3.ts';
import { wire } from '../../test/support/s3-wire.ts';
import { s3Get } from './s3.get.ts';

const bucket = await testBucket({ versions: true });
const ctx = createTestContext({ task: s3Get });
afterAll(async () => {
  await ctx.dispose();
  await bucket[Symbol.asyncDispose]();
});

type Payload = Parameters<typeof s3Get.execute>[1]['payload'];
const get = async (payload: Partial<Payload> & { key: string }) =>
  (await s3Get.execute(ctx, { payload: { ...bucket.base, ...payload } })).payload;
const store = (Key: string, Body: string | Uint8Array, more: object = {}) =>
  bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key, Body, ...more }));

describe('the content', () => {
  beforeAll(async () => {
    await Promise.all([
      store('text', '\uFEFFhéllo', { ContentType: 'text/plain', Metadata: { owner: 'me' } }),
      store('dir/data.json', '\uFEFF{"a":1}', { ContentType: 'application/json' }),
      store('bytes', Uint8Array.from([0xff, 0, 0xfe]), { ContentEncoding: 'gzip' }),
      store('large', 'x'.repeat(300_000)),
      store('escaped', '\n'.repeat(200_000)),
    ]);
  });

  it('as text, with what is kept beside it', async () => {
    expect(await get({ key: 'text' })).toEqual({
      body: '\uFEFFhéllo',
      etag: expect.stringMatching(/^[0-9a-f]{32}$/),
      size: 9,
      contentType: 'text/plain',
      lastModified: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
      versionId: expect.any(String),
      metadata: { owner: 'me' },
    });
  });

  it('as JSON, as base64, as an artifact', async () => {
    expect((await get({ key: 'dir/data.json', as: 'json' })).json).toEqual({ a: 1 });
    expect(await get({ key: 'bytes', as: 'base64' })).toMatchObject({ body: '/wD+', contentEncoding: 'gzip' });
    const { artifact } = await get({ key: 'dir/data.json', as: 'artifact' });
    expect(artifact).toMatchObject({ name: 'data.json', contentType: 'application/json', size: 10 });
    expect((await ctx.readArtifact(artifact as never)).toString()).toBe('\uFEFF{"a":1}');
  });

  it('in part', async () => {
    expect(await get({ key: 'dir/data.json', range: 'bytes=3-5' })).toMatchObject({ body: '{"a', size: 3, contentRange: 'bytes 3-5/10' });
    expect(await get({ key: 'dir/data.json', range: 'bytes=-2' })).toMatchObject({ body: '1}', size: 2 });
  });

  it('of a version', async () => {
    const { VersionId } = await store('versions', 'old');
    await store('versions', 'new');
    expect((await get({ key: 'versions' })).body).toBe('new');
    expect(await get({ key: 'versions', versionId: VersionId as string })).toMatchObject({ body: 'old', versionId: VersionId });
  });

  it.each([
    ['too large for a text', { key: 'large' }, 'S3_BODY_TOO_LARGE', /300000 bytes, more than the 262144 .* use as: artifact/],
    ['too large once it is JSON', { key: 'escaped' }, 'S3_BODY_TOO_LARGE', /as: artifact/],
    ['larger than asked for', { key: 'large', as: 'artifact' as const, maxBytes: 1_000 }, 'S3_BODY_TOO_LARGE', /maxBytes/],
    ['no text', { key: 'bytes' }, 'S3_NOT_TEXT', /not UTF-8 \(its content encoding is gzip\); use as: base64/],
    ['no JSON', { key: 'text', as: 'json' as const }, 'S3_NOT_JSON', /not JSON/],
  ])('that is %s', async (_, payload, code, message) => {
    await expect(get(payload)).rejects.toMatchObject({ code, retryable: false, message: expect.stringMatching(message) });
  });

  it('of any size that is allowed', async () => {
    expect((await get({ key: 'large', maxBytes: 400_000 })).body).toHaveLength(300_000);
  });
});

describe('what the store refuses', () => {
  const { credentials, region } = bucket.base;
  it.each<[string, Partial<Payload> & { key: string }]>([
    ['S3_KEY_NOT_FOUND', { key: 'none' }],
    ['S3_BUCKET_NOT_FOUND', { key: 'a', bucket: 'no-such-bucket-0' }],
    ['S3_BUCKET_INVALID', { key: 'a', bucket: 'No_Bucket' }],
    ['S3_ACCESS_DENIED', { key: 'refused', credentials: bucket.store.limited }],
    ['S3_ACCESS_DENIED', { key: 'refused', credentials: 'none' as const }],
    ['S3_SIGNATURE_REJECTED', { key: 'refused', credentials: { ...credentials, secretAccessKey: 'not-it' } }],
    ['S3_CREDENTIALS_REJECTED', { key: 'refused', credentials: { ...credentials, accessKeyId: 'nobody' } }],
    ['S3_WRONG_REGION', { key: 'refused', region: 'us-west-2' }],
    ['S3_VERSION_NOT_FOUND', { key: 'refused', versionId: '01JAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['S3_RANGE_INVALID', { key: 'refused', range: 'bytes=100-' }],
    ['S3_PRECONDITION_FAILED', { key: 'refused', ifMatch: 'another' }],
    ['S3_NOT_MODIFIED', { key: 'refused', ifNoneMatch: '9dd4e461268c8034f5c8564e155c67a6' }],
  ])('%s', async (code, payload) => {
    await store('refused', 'x');
    const error = await get(payload).catch((thrown: unknown) => thrown as Error & { details: unknown });
    expect(error).toMatchObject({ code, retryable: false, cause: expect.any(Error), details: { status: expect.any(Number) } });
    expect((error as Error).message).toContain(`s3://${payload.bucket ?? bucket.name}/${payload.key}`);
    if (code === 'S3_WRONG_REGION')
      expect((error as Error).message).toContain(`the region ${region}, not in us-west-2; set region to ${region}`);
  });

  it('what was deleted: its marker, by name or as the current version', async () => {
    await store('deleted', 'x');
    const { VersionId } = await bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key: 'deleted' }));
    await expect(get({ key: 'deleted' })).rejects.toMatchObject({ code: expect.stringMatching(/^S3_KEY_(?:DELETED|NOT_FOUND)$/) });
    await expect(get({ key: 'deleted', versionId: VersionId as string })).rejects.toMatchObject({ code: 'S3_KEY_DELETED' });
  });

  it('a store that answers a range with everything', async () => {
    await using other = await wire({ status: 200, headers: { 'content-length': '5', etag: '"e"' }, body: 'whole' });
    await expect(get({ key: 'a', endpoint: other.endpoint, range: 'bytes=0-1' })).rejects.toMatchObject({ code: 'S3_UNSUPPORTED' });
  });
});
