import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type S3, s3 } from '@summit/maestro-services';

/** A bucket of its own on the test server, removed with all that is in it at the end. */
export interface TestBucket extends AsyncDisposable {
  name: string;
  store: S3;
  /** Of the administrator. */
  client: S3Client;
  /** What every payload says. */
  base: { bucket: string; endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  /** Every version and delete marker: `key etag`. */
  objects(): Promise<string[]>;
  /** Keys of the multipart uploads that are neither completed nor aborted. */
  uploads(): Promise<string[]>;
}

export async function testBucket(options: { versions?: boolean; objectLock?: boolean } = {}): Promise<TestBucket> {
  const store = await s3();
  const { endpoint, region, accessKeyId, secretAccessKey } = store;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true });
  const name = `test-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: options.objectLock }));
  if (options.versions) {
    await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status: 'Enabled' } }));
  }
  const listed = async () => {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: name }));
    return [...Versions, ...DeleteMarkers.map((marker) => ({ ...marker, ETag: 'deleted' }))];
  };
  return {
    name,
    store,
    client,
    base: { bucket: name, endpoint, region, credentials },
    objects: async () => (await listed()).map(({ Key, ETag }) => `${Key} ${ETag}`),
    uploads: async () => {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: name }));
      return Uploads.map(({ Key }) => `${Key}`);
    },
    async [Symbol.asyncDispose]() {
      // What is locked stays: the server's folder goes with it.
      if (!options.objectLock) {
        for (const { Key, VersionId } of await listed()) await client.send(new DeleteObjectCommand({ Bucket: name, Key, VersionId }));
        await client.send(new DeleteBucketCommand({ Bucket: name }));
      }
      client.destroy();
    },
  };
}
