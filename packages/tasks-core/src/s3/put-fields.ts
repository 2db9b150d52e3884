import { type ArtifactRef, artifactRefSchema } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { connectionFields } from './connection-fields.ts';
import { Encryption } from './encryption-fields.ts';

const header = (description: string) => Type.Optional(Type.String({ pattern: '^[ -~]+$', description }));

/** Input of `s3.put`. */
export const PutInput = Type.Object(
  {
    ...connectionFields,
    body: Type.Optional(Type.Unknown({ description: 'The content: text, base64 or any JSON value, as encoding says' })),
    encoding: Type.Optional(
      Type.Union([Type.Literal('utf8'), Type.Literal('base64'), Type.Literal('json')], {
        description: 'How body becomes bytes. Default: utf8 for a string, json for any other value',
      }),
    ),
    artifact: Type.Optional(Type.Unsafe<ArtifactRef>({ ...artifactRefSchema })),
    contentType: header('Media type. Default: the artifact’s; text/plain, application/json or application/octet-stream by encoding'),
    contentEncoding: header('How the content is packed, e.g. gzip'),
    contentDisposition: header('How browsers are to show it, e.g. attachment; filename="report.pdf"'),
    contentLanguage: header('Language of the content, e.g. en'),
    cacheControl: header('How long caches may keep it, e.g. max-age=3600'),
    metadata: Type.Optional(
      Type.Record(Type.String({ pattern: '^[a-z0-9][a-z0-9_.-]*$' }), Type.String({ pattern: '^[ -~]*$' }), {
        description: 'User metadata: names in lower case, values in ASCII, at most 2 KB in all',
      }),
    ),
    tags: Type.Optional(Type.Record(Type.String(), Type.String(), { maxProperties: 10, description: 'Object tags' })),
    storageClass: Type.Optional(Type.String({ pattern: '^[A-Z0-9_]+$', description: 'Storage class, e.g. STANDARD_IA' })),
    acl: Type.Optional(
      Type.Union(
        [
          Type.Literal('private'),
          Type.Literal('public-read'),
          Type.Literal('public-read-write'),
          Type.Literal('authenticated-read'),
          Type.Literal('aws-exec-read'),
          Type.Literal('bucket-owner-read'),
          Type.Literal('bucket-owner-full-control'),
        ],
        { description: 'Canned ACL, for buckets that take ACLs' },
      ),
    ),
    ifNoneMatch: Type.Optional(Type.Literal('*', { description: 'Only where there is no such object yet' })),
    ifMatch: Type.Optional(Type.String({ minLength: 1, description: 'Only over the object with this ETag' })),
    sse: Type.Optional(Encryption),
    objectLock: Type.Optional(
      Type.Object(
        {
          mode: Type.Optional(
            Type.Union([Type.Literal('GOVERNANCE'), Type.Literal('COMPLIANCE')], {
              description: 'Who may end the retention: some, or nobody',
            }),
          ),
          retainUntil: Type.Optional(Type.String({ format: 'date-time', description: 'Until when the version cannot be deleted' })),
          legalHold: Type.Optional(Type.Boolean({ description: 'Keep the version until the hold is lifted' })),
        },
        { additionalProperties: false, description: 'Retention of the version, in buckets with object lock' },
      ),
    ),
    checksumAlgorithm: Type.Optional(
      Type.Union([Type.Literal('CRC32'), Type.Literal('CRC32C'), Type.Literal('CRC64NVME'), Type.Literal('SHA1'), Type.Literal('SHA256')], {
        description:
          'Checksum that is sent, checked and kept by the store. Default: CRC32; with WHEN_REQUIRED none beside the signature, and Content-MD5 where nothing is signed or a lock is asked for',
      }),
    ),
    requestChecksumCalculation: Type.Optional(
      Type.Union([Type.Literal('WHEN_SUPPORTED'), Type.Literal('WHEN_REQUIRED')], {
        description:
          'Whether every request has a checksum header. Default: WHEN_REQUIRED where there is an endpoint, as not every store knows them',
      }),
    ),
    writeMarks: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'Keep maestro-sha256 and maestro-idempotency-key as user metadata, by which a retry knows its own write',
      }),
    ),
  },
  { additionalProperties: false },
);
export type PutInput = Static<typeof PutInput>;

/** Output of `s3.put`. */
export const PutOutput = Type.Object({
  etag: Type.String({ description: 'ETag of the object, without quotes' }),
  versionId: Type.Optional(Type.String({ description: 'Version, where the bucket keeps versions' })),
  size: Type.Integer({ minimum: 0, description: 'Bytes stored' }),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'sha256 of the content, hex' }),
});
export type PutOutput = Static<typeof PutOutput>;
