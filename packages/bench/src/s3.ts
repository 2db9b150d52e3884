import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { s3 } from '@summit/maestro-services';
import { s3Get } from '@summit/maestro-tasks-core/connectors/s3.get';
import { s3Put } from '@summit/maestro-tasks-core/connectors/s3.put';
import { bound, compareInterleaved, type Figure } from './figure.ts';

const MB = 1024 * 1024;
const LARGE = 64 * MB;
/** Objects of 10 KB in each round, and how many are under way at the same time. */
const SMALL_ROUND = 1_000;
const AT_ONCE = 16;

/** `s3.get` and `s3.put`, against the AWS SDK and lib-storage doing the same: parts of 8 MiB, four at a time, from and to the artifact store. */
export async function s3Speed(): Promise<Figure[]> {
  const { endpoint, region, accessKeyId, secretAccessKey } = await s3();
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({
    endpoint,
    region,
    credentials: { ...credentials },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  const bucket = `bench-${process.pid}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const ctx = createTestContext();
  const base = { bucket, endpoint, region, credentials };
  const artifact = await ctx.artifacts.put(Buffer.alloc(LARGE, 'what is stored in an object '));
  const small = 'x'.repeat(10_000);
  const keys = Array.from({ length: SMALL_ROUND }, (_, n) => `small-${n}`);
  // As s3.put gives every object, so that a retry knows its own.
  const marks = { 'maestro-sha256': hash('sha256', small), 'maestro-idempotency-key': hash('sha256', ctx.idempotencyKey) };
  const large = { unit: 'MB/s', must: 0.9, better: 'higher', rounds: 11 } as const;
  const many = { unit: 'objects/s', must: 0.9, better: 'higher', rounds: 21 } as const;
  const megabytes = (run: () => Promise<unknown>) => async () => LARGE / MB / (await seconds(run));
  const objects = (each: (key: string) => Promise<unknown>) => async () => SMALL_ROUND / (await seconds(() => allOf(keys, each)));
  try {
    return [
      await compareInterleaved({
        ...large,
        figure: 's3.put of 64 MB from an artifact',
        ours: megabytes(() => s3Put.execute(ctx, { payload: { ...base, key: 'ours', artifact } })),
        other: megabytes(() => {
          const Body = Readable.from(ctx.artifacts.open(artifact));
          return new Upload({ client, params: { Bucket: bucket, Key: 'other', Body }, partSize: 8 * MB, queueSize: 4 }).done();
        }),
        otherName: 'lib-storage',
      }),
      await compareInterleaved({
        ...large,
        figure: 's3.get of 64 MB to an artifact',
        ours: megabytes(() => s3Get.execute(ctx, { payload: { ...base, key: 'ours', as: 'artifact' } })),
        other: megabytes(async () => {
          const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'ours' }));
          await ctx.artifacts.put(Body as unknown as AsyncIterable<Uint8Array>);
        }),
        otherName: 'the AWS SDK',
      }),
      await compareInterleaved({
        ...many,
        figure: `s3.put of 10 KB, ${AT_ONCE} at a time`,
        ours: objects((key) => s3Put.execute(ctx, { payload: { ...base, key, body: small } })),
        other: objects((Key) => client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: small, Metadata: marks }))),
        otherName: 'the AWS SDK, with the same metadata',
      }),
      await compareInterleaved({
        ...many,
        figure: `s3.get of 10 KB, ${AT_ONCE} at a time`,
        ours: objects((key) => s3Get.execute(ctx, { payload: { ...base, key } })),
        other: objects(async (Key) => (await client.send(new GetObjectCommand({ Bucket: bucket, Key }))).Body?.transformToString()),
        otherName: 'the AWS SDK',
      }),
    ];
  } finally {
    await allOf([...keys, 'ours', 'other'], (Key) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key })));
    await client.send(new DeleteBucketCommand({ Bucket: bucket }));
    await ctx.dispose();
    client.destroy();
  }
}

/** Bytes of the larger object; 1 GB and more where there is time. */
const MEMORY_MB = Number(process.env.MAESTRO_BENCH_S3_MB ?? 256);

/** The peak memory of a process that stores an object and reads it again, for a large object and for one a quarter of its size. */
export async function s3Memory(): Promise<Figure[]> {
  const { endpoint, region, accessKeyId, secretAccessKey } = await s3();
  const peak = (megabytes: number): number => {
    const args = [
      join(import.meta.dirname, 's3-child.ts'),
      JSON.stringify({ endpoint, region, credentials: { accessKeyId, secretAccessKey } }),
    ];
    return Number(execFileSync(process.execPath, [...args, String(megabytes)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
  };
  const quarter = MEMORY_MB / 4;
  return [
    bound(`peak memory of s3.put and s3.get of ${MEMORY_MB} MB`, 'MiB', peak(MEMORY_MB) / 1024, peak(quarter) / 1024, `${quarter} MB`, 1.2),
  ];
}

async function allOf(keys: readonly string[], each: (key: string) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let n = next++; n < keys.length; n = next++) await each(keys[n] as string);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function seconds(run: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await run();
  return (performance.now() - begin) / 1_000;
}
