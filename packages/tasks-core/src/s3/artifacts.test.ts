import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { ArtifactRef } from '@summit/maestro-sdk';
import { createFolderArtifacts } from '@summit/maestro-sdk/artifacts';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { faultProxy } from '@summit/maestro-services';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { testBucket } from '../../test/support/s3.ts';
import { createS3Artifacts, type S3ArtifactsOptions } from './artifacts.ts';

const bucket = await testBucket();
afterAll(() => bucket[Symbol.asyncDispose]());
const { endpoint, region, accessKeyId, secretAccessKey } = bucket.store;
const keys: Record<string, string> = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };

/** The store as one machine sees it. */
async function machine(options: Partial<S3ArtifactsOptions> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 's3-artifacts-'));
  const ctx = createTestContext({ secrets: keys });
  onTestFinished(async () => {
    await ctx.dispose();
    await rm(dir, { recursive: true, force: true });
  });
  const copies = createFolderArtifacts(dir);
  return { dir, store: createS3Artifacts({ bucket: bucket.name, region, endpoint, prefix: 'maestro/', copies, context: ctx, ...options }) };
}

async function bytes(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const keyOf = ({ sha256 }: ArtifactRef) => `maestro/sha256/${sha256.slice(0, 2)}/${sha256}`;
const copyOf = (dir: string, { sha256 }: ArtifactRef) => join(dir, 'sha256', sha256.slice(0, 2), sha256);
const copiesIn = (dir: string) => readdirSync(join(dir, 'sha256'), { recursive: true }).filter((name) => String(name).length > 60);

describe('the artifact store in a bucket', () => {
  it.each([0, 10, 300_000, 9 * 1024 * 1024])('hands %i bytes from one machine to another', async (size) => {
    const [one, other] = [await machine(), await machine()];
    const content = randomBytes(size);
    const ref = await one.store.put(content, { name: 'content.bin', contentType: 'application/x-test' });
    expect(ref).toMatchObject({ size, sha256: createHash('sha256').update(content).digest('hex'), name: 'content.bin' });
    const object = await bucket.client.send(new HeadObjectCommand({ Bucket: bucket.name, Key: keyOf(ref) }));
    expect(object.ContentType).toBe('application/x-test');
    expect((await bytes(other.store.open(ref))).equals(content)).toBe(true);
    // From the copy, now.
    expect((await bytes(other.store.open(ref))).equals(content)).toBe(true);
  });

  it('keeps the same content once, whoever puts it, at the same time too', async () => {
    const machines = [await machine({ prefix: 'once/' }), await machine({ prefix: 'once/' }), await machine({ prefix: 'once/' })];
    const refs = await Promise.all(machines.flatMap(({ store }) => [store.put('the same'), store.put('the same')]));
    expect(new Set(refs.map(({ sha256 }) => sha256)).size).toBe(1);
    const { Contents = [] } = await bucket.client.send(new ListObjectsV2Command({ Bucket: bucket.name, Prefix: 'once/' }));
    expect(Contents).toHaveLength(1);
  });

  it('says that content is not there, or not what it was', async () => {
    const [one, other] = [await machine(), await machine()];
    const absent: ArtifactRef = { ...(await one.store.put('x')), sha256: '0'.repeat(64), uri: `artifact:sha256:${'0'.repeat(64)}` };
    await expect(bytes(one.store.open(absent))).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      message: expect.stringContaining(`s3://${bucket.name}/maestro/`) as string,
    });
    const ref = await one.store.put('precious');
    await bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key: keyOf(ref), Body: 'previous' }));
    await expect(bytes(other.store.open(ref))).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT', retryable: false });
    await expect(bytes(one.store.open({ ...ref, sha256: '../../x' }))).rejects.toMatchObject({ code: 'ARTIFACT_REF_INVALID' });
  });

  it('mends a copy that the disk has spoilt', async () => {
    const { dir, store } = await machine();
    const content = randomBytes(600_000);
    const ref = await store.put(content);
    writeFileSync(copyOf(dir, ref), randomBytes(600_000));
    // Some of it may have been handed out before that was seen; the next reader has it whole.
    await expect(bytes(store.open(ref))).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT', retryable: true });
    expect((await bytes(store.open(ref))).equals(content)).toBe(true);
    const small = await store.put('small');
    writeFileSync(copyOf(dir, small), 'smell');
    expect((await bytes(store.open(small))).toString()).toBe('small');
  });

  it('keeps no more copies than it may, and reads on without them', async () => {
    const { dir, store } = await machine({ copiesBytes: 100_000 });
    const refs: ArtifactRef[] = [];
    for (let n = 0; n < 6; n++) refs.push(await store.put(Buffer.alloc(40_000, `${n}`)));
    expect(copiesIn(dir).length).toBeLessThanOrEqual(2);
    const contents = await Promise.all(refs.map(async (ref) => (await bytes(store.open(ref))).toString('utf8', 0, 1)));
    expect(contents).toEqual(['0', '1', '2', '3', '4', '5']);
    const large = await store.put(Buffer.alloc(300_000, 'l'));
    expect((await bytes(store.open(large))).length).toBe(300_000);
  });

  it('tells what is wrong with the bucket, and whether that may pass', async () => {
    const wrong = await machine({ bucket: 'there-is-no-such-bucket' });
    await expect(wrong.store.put('x')).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_FAILED',
      retryable: false,
      message: expect.stringContaining('artifact store s3://there-is-no-such-bucket/maestro/') as string,
    });
    const address = new URL(endpoint);
    const proxy = await faultProxy(address.hostname, Number(address.port));
    onTestFinished(() => proxy.close());
    const { store } = await machine({ endpoint: `http://127.0.0.1:${proxy.port}`, prefix: 'weather/' });
    const kept = await store.put('before');
    await proxy.down();
    await expect(store.put('meanwhile')).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED', retryable: true });
    // What is here already needs no network.
    expect((await bytes(store.open(kept))).toString()).toBe('before');
    await proxy.up();
    await expect(store.put('meanwhile')).resolves.toMatchObject({ size: 9 });
  });

  it('ends when it is told to', async () => {
    const { store } = await machine();
    const controller = new AbortController();
    controller.abort(new Error('cancelled'));
    await expect(store.put('never', { signal: controller.signal })).rejects.toThrow('cancelled');
    const other = await machine();
    const ref = await store.put(randomBytes(1_000));
    await expect(bytes(other.store.open(ref, { signal: controller.signal }))).rejects.toThrow('cancelled');
    expect((await bytes(other.store.open(ref))).length).toBe(1_000);
  });
});
