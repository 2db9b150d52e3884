import { createRunContext, defineTask } from '@summit/maestro-sdk';
import { inputCheck } from '../input/check-input.ts';
import { CREDENTIAL_SECRETS } from '../s3/credentials.ts';
import { PutInput, PutOutput } from '../s3/put-fields.ts';

type Module = typeof import('../s3/put-object.ts');
// The S3 client is loaded by the first call, not with the catalog.
let module: Promise<Module> | undefined;
const checkInput = inputCheck(PutInput);

/**
 * Stores an object in S3 or a store that speaks its protocol.
 *
 * Effect: write; the object is there as a whole or not at all. Up to 8 MiB it is one request; above, parts of 8 MiB (larger where
 * 10,000 would not do), four at a time, in constant memory. An upload that fails or is cancelled is aborted, and the store asked
 * whether it is gone; only one whose process was killed stays, for a lifecycle rule (AbortIncompleteMultipartUpload).
 * What arrives is checked by the store (the sha256 that the signature covers, a checksum or Content-MD5), what it keeps by the task (ETag,
 * checksum or size).
 *
 * A retry writes the same content again, which changes nothing, except that a bucket with versions gets another one. To add
 * nothing, the object keeps the hash of its content and of the step's idempotency key (`writeMarks`): an attempt after the first,
 * and one that `ifNoneMatch` or `ifMatch` refuses, looks for them and takes the object that is there for its own result.
 * Without `ifNoneMatch: '*'` an attempt after a crash may overwrite what others wrote in between. Stores that do not know
 * conditional writes ignore both.
 *
 * Errors: those of `s3.get` that are not about reading, and, terminal: `S3_OBJECT_TOO_LARGE`, `S3_KEY_INVALID`,
 * `S3_METADATA_TOO_LARGE`, `S3_TAGS_INVALID`, `S3_STORAGE_CLASS_INVALID`, `S3_OBJECT_LOCK`, `S3_ACL_UNSUPPORTED`,
 * `S3_QUOTA_EXCEEDED`, `S3_UPLOAD_NOT_FOUND`; may pass: `S3_CONFLICT` (another conditional write at the same time), `S3_STORE_FULL`;
 * and what the artifact store throws.
 */
export const s3Put = defineTask<typeof PutInput, typeof PutOutput>({
  name: 'connectors/s3.put',
  version: '0.1.0',
  title: 'Store an object in S3',
  description:
    'Stores text, a JSON value, bytes or an artifact of any size in S3 or a compatible store, verified, and once even when it is retried.',
  examples: [
    {
      title: 'A JSON value',
      input: { bucket: 'reports', key: '2026/summary.json', region: 'eu-west-1', body: { orders: 3, total: 59.7 } },
    },
    {
      title: 'Only if it is not there yet',
      input: { bucket: 'reports', key: 'runs/42/receipt.txt', region: 'eu-west-1', body: 'accepted', ifNoneMatch: '*' },
    },
    {
      title: 'An artifact, encrypted and kept for a year',
      input: {
        bucket: 'archive',
        key: 'bundle.zip',
        region: 'eu-west-1',
        artifact: {
          uri: 'artifact:sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
          sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
          size: 3,
          contentType: 'application/zip',
          name: 'bundle.zip',
        },
        sse: { kms: 'aws:kms', keyId: 'alias/archive', bucketKey: true },
        objectLock: { mode: 'GOVERNANCE', retainUntil: '2027-12-31T00:00:00Z' },
        expectedBucketOwner: '111122223333',
      },
    },
    {
      title: 'In a store that is not AWS',
      input: { bucket: 'intake', key: 'hello.txt', endpoint: 'https://minio.example.com:9000', body: 'hello', tags: { team: 'data' } },
    },
  ],
  effect: 'write',
  resources: ({ bucket, key }) => [{ type: 's3.object', id: `${bucket}/${key}` }],
  secrets: CREDENTIAL_SECRETS,
  retry: { maxAttempts: 5, initialInterval: 500, maxInterval: 15_000, factor: 2 },
  input: PutInput,
  output: PutOutput,
  async execute(ctx, { payload }) {
    await checkInput(payload);
    module ??= import('../s3/put-object.ts');
    const { putObject } = await module;
    return { payload: await putObject(createRunContext(ctx), payload) };
  },
});

export default s3Put;
