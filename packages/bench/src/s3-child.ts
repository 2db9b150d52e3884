/** Stores an object of some megabytes and reads it again: `node s3-child.ts '<store as JSON>' <megabytes>`. Prints the peak memory in KiB. */
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { s3Get } from '@summit/maestro-tasks-core/connectors/s3.get';
import { s3Put } from '@summit/maestro-tasks-core/connectors/s3.put';
import { peakKib } from './peak.ts';

const [store = '', megabytes = ''] = process.argv.slice(2);
const place = JSON.parse(store) as { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
const client = new S3Client({ ...place, credentials: { ...place.credentials }, forcePathStyle: true });
const bucket = `bench-memory-${process.pid}`;
await client.send(new CreateBucketCommand({ Bucket: bucket }));
const ctx = createTestContext();

async function* content(): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(1024 * 1024, 'what is stored ');
  for (let n = 0; n < Number(megabytes); n++) {
    chunk.writeUInt32BE(n);
    yield chunk;
  }
}

try {
  const artifact = await ctx.artifacts.put(content());
  const payload = { ...place, bucket, key: 'large' };
  await s3Put.execute(ctx, { payload: { ...payload, artifact } });
  const { payload: read } = await s3Get.execute(ctx, { payload: { ...payload, as: 'artifact' } });
  if (read.artifact?.sha256 !== artifact.sha256) throw new Error('what was read is not what was stored');
  process.stdout.write(`${peakKib()}\n`);
} finally {
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'large' }));
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
  await ctx.dispose();
  client.destroy();
}
