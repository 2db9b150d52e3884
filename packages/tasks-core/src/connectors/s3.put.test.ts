import { createHash } from 'node:crypto';
import { GetObjectCommand, GetObjectRetentionCommand, GetObjectTaggingCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { testBucket } from '../../test/support/s3.ts';
import { wire } from '../../test/support/s3-wire.ts';
import { s3Put } from './s3.put.ts';

const bucket = await testBucket();
const locked = await testBucket({ objectLock: true });
const ctx = createTestContext({ task: s3Put, runId: 'run-1', idempotencyKey: 'run-1/put' });
afterAll(async () => {
  await ctx.dispose();
  await locked[Symbol.asyncDispose]();
  await bucket[Symbol.asyncDispose]();
});

type Payload = Parameters<typeof s3Put.execute>[1]['payload'];
const put = async (payload: Omit<Payload, 'bucket'> & { bucket?: string }, context = ctx) =>
  (await s3Put.execute(context, { payload: { ...bucket.base, ...payload } })).payload;
const stored = async (key: string) => {
  const object = await bucket.client.send(new GetObjectCommand({ Bucket: bucket.name, Key: key }));
  return { ...object, bytes: Buffer.from((await object.Body?.transformToByteArray()) ?? []) };
};
const EMPTY = {
  uri: `artifact:sha256:${'0'.repeat(64)}`,
  sha256: '0'.repeat(64),
  size: 0,
  contentType: 'text/plain',
  name: 'nothing.txt',
};
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

describe('what is stored', () => {
  it.each([
    ['text', { body: 'héllo' }, Buffer.from('héllo'), 'text/plain; charset=utf-8'],
    ['nothing', { body: '' }, Buffer.alloc(0), 'text/plain; charset=utf-8'],
    ['base64', { body: 'AAECAw==', encoding: 'base64' as const }, Buffer.from([0, 1, 2, 3]), 'application/octet-stream'],
    ['a JSON value', { body: { a: [1, null] } }, Buffer.from('{"a":[1,null]}'), 'application/json'],
    ['a string as JSON', { body: 'x', encoding: 'json' as const }, Buffer.from('"x"'), 'application/json'],
    ['with its own media type', { body: 'a,b', contentType: 'text/csv' }, Buffer.from('a,b'), 'text/csv'],
  ])('%s', async (key, payload, bytes, contentType) => {
    const output = await put({ key, ...payload });
    expect(output).toEqual({ etag: createHash('md5').update(bytes).digest('hex'), size: bytes.length, sha256: sha256(bytes) });
    const object = await stored(key);
    expect(object.bytes.equals(bytes)).toBe(true);
    expect(object.ContentType).toBe(contentType);
    expect(object.ContentEncoding).toBeUndefined();
  });

  it('under any key comes back by it', async () => {
    for (const key of ['a b', 'a+b', 'ü/☃.txt', '?q=1&x#frag%41', "*()'!", '__proto__', 'line\nfeed', `${'deep/'.repeat(180)}end`]) {
      await put({ key, body: `of ${key}` });
      expect((await stored(key)).bytes.toString(), key).toBe(`of ${key}`);
    }
  });

  it.each([
    ['whose parts are full', 16 * 1024 * 1024, 2],
    ['whose last part is one byte', 16 * 1024 * 1024 + 1, 3],
    ['that just fits into one request', 8 * 1024 * 1024, 0],
  ])('an artifact %s', async (key, size, parts) => {
    const artifact = await ctx.artifacts.put(Buffer.alloc(size, 'maestro-'), { contentType: 'application/x-test' });
    const output = await put({ key, artifact });
    expect(output).toMatchObject({ size, sha256: artifact.sha256 });
    expect(output.etag).toMatch(parts === 0 ? /^[0-9a-f]{32}$/ : new RegExp(`^[0-9a-f]{32}-${parts}$`));
    const object = await stored(key);
    expect([sha256(object.bytes), object.ContentType]).toEqual([artifact.sha256, 'application/x-test']);
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'with %s, in one request and in parts',
    async (checksumAlgorithm) => {
      const artifact = await ctx.artifacts.put(Buffer.alloc(9 * 1024 * 1024, 'x'));
      for (const content of [{ body: 'small' }, { artifact }]) {
        await put({ key: checksumAlgorithm, ...content, checksumAlgorithm });
        const head = await bucket.client.send(
          new HeadObjectCommand({ Bucket: bucket.name, Key: checksumAlgorithm, ChecksumMode: 'ENABLED' }),
        );
        expect(head[`Checksum${checksumAlgorithm}`]).toMatch(/^[A-Za-z0-9+/]+=*(?:-2)?$/);
      }
    },
  );

  it('with tags, metadata and headers', async () => {
    const said = { contentDisposition: 'attachment', cacheControl: 'max-age=60', contentLanguage: 'en', contentEncoding: 'identity' };
    await put({ key: 'said', body: 'x', ...said, metadata: { owner: 'data team' }, tags: { team: 'a b', 'x/y': 'a+b=c' } });
    const { Metadata, ...head } = await stored('said');
    expect(head).toMatchObject({
      ContentDisposition: 'attachment',
      CacheControl: 'max-age=60',
      ContentLanguage: 'en',
      ContentEncoding: 'identity',
    });
    expect(Metadata).toEqual({
      owner: 'data team',
      'maestro-sha256': sha256('x'),
      'maestro-idempotency-key': sha256('run-1/put'),
    });
    const { TagSet } = await bucket.client.send(new GetObjectTaggingCommand({ Bucket: bucket.name, Key: 'said' }));
    expect(TagSet).toEqual(
      expect.arrayContaining([
        { Key: 'team', Value: 'a b' },
        { Key: 'x/y', Value: 'a+b=c' },
      ]),
    );
    await put({ key: 'unmarked', body: 'x', writeMarks: false });
    expect((await stored('unmarked')).Metadata).toEqual({});
  });

  it('under object lock, in one request and in parts', async () => {
    const artifact = await ctx.artifacts.put(Buffer.alloc(9 * 1024 * 1024, 'x'));
    const retainUntil = new Date(Date.now() + 60_000).toISOString();
    for (const [key, content] of Object.entries({ small: { body: 'x' }, large: { artifact } })) {
      const output = await put({ bucket: locked.name, key, ...content, objectLock: { mode: 'GOVERNANCE', retainUntil } });
      expect(output.versionId).toEqual(expect.any(String));
      const { Retention } = await locked.client.send(new GetObjectRetentionCommand({ Bucket: locked.name, Key: key }));
      expect(Retention).toMatchObject({ Mode: 'GOVERNANCE', RetainUntilDate: new Date(retainUntil) });
    }
  });

  it('as asked for on the wire: encryption, storage class, owner, payer, ACL', async () => {
    const etag = createHash('md5').update('x').digest('hex');
    await using store = await wire({ status: 200, headers: { etag: `"${etag}"` } });
    const key = Buffer.alloc(32, 'k').toString('base64');
    const base = { key: 'a', body: 'x', endpoint: store.endpoint };
    await put({ ...base, sse: { kms: 'aws:kms', keyId: 'alias/a', bucketKey: true, context: { a: 'b' } }, storageClass: 'STANDARD_IA' });
    await put({
      ...base,
      sse: { customerKey: key },
      expectedBucketOwner: '111122223333',
      requestPayer: true,
      acl: 'bucket-owner-full-control',
    });
    await put({ ...base, sse: 'AES256', objectLock: { legalHold: true }, requestChecksumCalculation: 'WHEN_SUPPORTED' });
    await put({ ...base, objectLock: { legalHold: true } });
    await put({ ...base, credentials: 'none' });
    const [kms, own, plain, locked, unsigned] = store.requests.map(({ headers }) => headers);
    expect(kms).toMatchObject({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'alias/a',
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
      'x-amz-server-side-encryption-context': Buffer.from('{"a":"b"}').toString('base64'),
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-content-sha256': sha256('x'),
    });
    expect(kms).not.toHaveProperty('x-amz-checksum-crc32');
    expect(kms).not.toHaveProperty('content-md5');
    for (const headers of [locked, unsigned])
      expect(headers).toMatchObject({ 'content-md5': createHash('md5').update('x').digest('base64') });
    expect(own).toMatchObject({
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-server-side-encryption-customer-key': key,
      'x-amz-server-side-encryption-customer-key-md5': createHash('md5').update(Buffer.from(key, 'base64')).digest('base64'),
      'x-amz-expected-bucket-owner': '111122223333',
      'x-amz-request-payer': 'requester',
      'x-amz-acl': 'bucket-owner-full-control',
    });
    expect(plain).toMatchObject({
      'x-amz-server-side-encryption': 'AES256',
      'x-amz-object-lock-legal-hold': 'ON',
      'x-amz-checksum-crc32': expect.any(String),
    });
    // A body is never framed: what a store takes for content is the content.
    for (const { headers, body } of store.requests) expect([headers['content-encoding'], body.toString()]).toEqual([undefined, 'x']);
  });
});

describe('conditions', () => {
  it('ifNoneMatch refuses what another wrote, and takes its own earlier write for its result', async () => {
    const large = await ctx.artifacts.put(Buffer.alloc(9 * 1024 * 1024, 'y'));
    for (const [key, content] of Object.entries({ one: { body: 'x' }, many: { artifact: large } })) {
      const first = await put({ key, ...content, ifNoneMatch: '*' });
      expect(await put({ key, ...content, ifNoneMatch: '*' })).toEqual(first);
      await using other = createTestContext({ runId: 'run-2', idempotencyKey: 'run-2/put', artifacts: ctx.artifacts } as never);
      const again = { ...bucket.base, key, ifNoneMatch: '*' as const };
      await expect(s3Put.execute(other, { payload: { ...again, body: 'x' } })).rejects.toMatchObject({
        code: 'S3_PRECONDITION_FAILED',
        retryable: false,
      });
      await expect(put({ key, body: 'something else', ifNoneMatch: '*' })).rejects.toMatchObject({ code: 'S3_PRECONDITION_FAILED' });
    }
    expect(await bucket.uploads()).toEqual([]);
  });

  it('ifMatch replaces only what it names, and knows its own replacement', async () => {
    const { etag } = await put({ key: 'match', body: 'first' });
    const second = await put({ key: 'match', body: 'second', ifMatch: etag });
    expect(await put({ key: 'match', body: 'second', ifMatch: etag })).toEqual(second);
    await expect(put({ key: 'match', body: 'third', ifMatch: etag })).rejects.toMatchObject({ code: 'S3_PRECONDITION_FAILED' });
  });

  it('of many that are the first at the same time, one is', async () => {
    const contexts = Array.from({ length: 5 }, (_, run) => createTestContext({ runId: `race-${run}`, idempotencyKey: `race-${run}/put` }));
    const settled = await Promise.allSettled(contexts.map((each, run) => put({ key: 'race', body: `${run}`, ifNoneMatch: '*' }, each)));
    await Promise.all(contexts.map((each) => each.dispose()));
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('refused before anything is sent', () => {
  it.each([
    ['no content', {}, /body is missing/],
    ['two contents', { body: 'x', artifact: EMPTY }, /both given/],
    ['base64 that is none', { body: '?', encoding: 'base64' as const }, /not base64/],
    ['what is no JSON', { body: 10n }, /body is not JSON/],
    ['a function', { body: () => 1 }, /body is not JSON/],
    ['a list as text', { body: [], encoding: 'utf8' as const }, /expected a string for encoding utf8, found a list/],
    ['both conditions', { body: 'x', ifMatch: 'x', ifNoneMatch: '*' as const }, /cannot be there and not be there/],
    ['half a retention', { body: 'x', objectLock: { mode: 'GOVERNANCE' as const } }, /belong together/],
  ])('%s', async (_, payload, message) => {
    await expect(put({ key: 'a', endpoint: 'http://127.0.0.1:1', ...payload })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message),
    });
  });
});

describe('what the store keeps is compared', () => {
  it('by size, where the ETag says nothing', async () => {
    await using store = await wire({ status: 200, headers: { etag: '"opaque"' } }, { status: 200, headers: { 'content-length': '9' } });
    await expect(put({ key: 'a', body: 'x', endpoint: store.endpoint })).rejects.toMatchObject({
      code: 'S3_CHECKSUM_MISMATCH',
      retryable: true,
      message: expect.stringContaining('9 bytes are stored of 1 that were sent'),
    });
    expect(store.requests.map(({ method }) => method)).toEqual(['PUT', 'HEAD']);
  });

  it('by checksum, where there is one', async () => {
    const headers = { 'content-length': '1', 'x-amz-checksum-sha256': Buffer.alloc(32).toString('base64') };
    await using store = await wire({ status: 200, headers: { etag: '"opaque"' } }, { status: 200, headers });
    await expect(put({ key: 'a', body: 'x', endpoint: store.endpoint })).rejects.toMatchObject({ code: 'S3_CHECKSUM_MISMATCH' });
  });
});
