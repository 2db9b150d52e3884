import { createRunContext, defineTask } from '@summit/maestro-sdk';
import { inputCheck } from '../input/check-input.ts';
import { CREDENTIAL_SECRETS } from '../s3/credentials.ts';
import { GetInput, GetOutput } from '../s3/get-fields.ts';

type Module = typeof import('../s3/get-object.ts');
// The S3 client is loaded by the first call, not with the catalog.
let module: Promise<Module> | undefined;
const checkInput = inputCheck(GetInput);

/**
 * Reads an object from S3 or a store that speaks its protocol.
 *
 * Effect: read; repeating it changes nothing. An artifact is streamed in constant memory. The size is always compared, and the
 * checksum of the whole object where the store keeps one (not for a range, nor for one made of checksums of parts).
 * A connection that breaks in the middle is resumed where it broke, of the same object only (`If-Match`). Requests are tried up
 * to 3 times within `timeoutMs`.
 *
 * Errors that may pass: `S3_UNREACHABLE`, `S3_CONNECTION_LOST`, `S3_TIMEOUT`, `S3_THROTTLED`, `S3_UNAVAILABLE`, `S3_CLOCK_SKEW`,
 * `S3_CHECKSUM_MISMATCH`, `S3_CHANGED` (replaced while it was read), `S3_CREDENTIALS_TIMEOUT`, `S3_ROLE_UNAVAILABLE`.
 * Terminal: `S3_KEY_NOT_FOUND`, `S3_KEY_DELETED`, `S3_VERSION_NOT_FOUND`, `S3_BUCKET_NOT_FOUND`, `S3_BUCKET_INVALID`,
 * `S3_ACCESS_DENIED`, `S3_WRONG_REGION`, `S3_REGION_MISSING`, `S3_SIGNATURE_REJECTED`, `S3_CREDENTIALS_MISSING`,
 * `S3_CREDENTIALS_INCOMPLETE`, `S3_CREDENTIALS_REJECTED`, `S3_CREDENTIALS_EXPIRED`, `S3_ROLE_REFUSED`, `S3_ARCHIVED`, `S3_KMS`,
 * `S3_PRECONDITION_FAILED`, `S3_NOT_MODIFIED`, `S3_RANGE_INVALID`, `S3_BODY_TOO_LARGE`, `S3_NOT_TEXT`, `S3_NOT_JSON`, `S3_TLS`,
 * `TLS_INVALID`, `S3_UNSUPPORTED`, `S3_PROTOCOL`, `S3_REQUEST_REFUSED`, `S3_FAILED`.
 */
export const s3Get = defineTask<typeof GetInput, typeof GetOutput>({
  name: 'connectors/s3.get',
  version: '0.1.0',
  title: 'Read an object from S3',
  description:
    'Reads an object from S3 or a compatible store: as text, JSON or base64, or of any size as an artifact. What arrives is verified.',
  examples: [
    { title: 'A JSON file as a value', input: { bucket: 'reports', key: '2026/summary.json', region: 'eu-west-1', as: 'json' } },
    {
      title: 'A large file from another store',
      input: { bucket: 'intake', key: 'orders.ndjson', endpoint: 'https://minio.example.com:9000', as: 'artifact' },
    },
    {
      title: 'The first kilobyte of a public object',
      input: { bucket: 'open-data', key: 'README', credentials: 'none', range: 'bytes=0-1023' },
    },
  ],
  effect: 'read',
  resources: ({ bucket, key }) => [{ type: 's3.object', id: `${bucket}/${key}` }],
  secrets: CREDENTIAL_SECRETS,
  retry: { maxAttempts: 5, initialInterval: 500, maxInterval: 15_000, factor: 2 },
  input: GetInput,
  output: GetOutput,
  async execute(ctx, { payload }) {
    await checkInput(payload);
    module ??= import('../s3/get-object.ts');
    const { getObject } = await module;
    return { payload: await getObject(createRunContext(ctx), payload) };
  },
});

export default s3Get;
