import { type ArtifactRef, artifactRefSchema, PRESENT_WHEN } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { connectionFields } from './connection-fields.ts';
import { CustomerKey } from './encryption-fields.ts';

/** Input of `s3.get`. */
export const GetInput = Type.Object(
  {
    ...connectionFields,
    versionId: Type.Optional(Type.String({ minLength: 1, description: 'Version of the object. Default: the current one' })),
    range: Type.Optional(
      Type.String({ pattern: '^bytes=(\\d+-\\d*|-\\d+)$', description: 'Part of the object: bytes=0-1023, bytes=1024- or bytes=-512' }),
    ),
    as: Type.Optional(
      Type.Union([Type.Literal('text'), Type.Literal('json'), Type.Literal('base64'), Type.Literal('artifact')], {
        default: 'text',
        description:
          'What becomes of the content: `body` as text or base64, `json` as a value, `artifact` as a reference; of any size only that',
      }),
    ),
    maxBytes: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          'Larger objects are refused before they are downloaded. Default: 262,144 for what is returned inline, none for an artifact',
      }),
    ),
    ifMatch: Type.Optional(Type.String({ minLength: 1, description: 'ETag the object must have' })),
    ifNoneMatch: Type.Optional(Type.String({ minLength: 1, description: 'ETag the object must not have any more' })),
    customerKey: Type.Optional(CustomerKey),
  },
  { additionalProperties: false },
);
export type GetInput = Static<typeof GetInput>;

/** Output of `s3.get`. */
export const GetOutput = Type.Object({
  body: Type.Optional(
    Type.String({ description: 'The content: text, or base64 as asked for', [PRESENT_WHEN]: { as: ['text', 'base64'] } }),
  ),
  json: Type.Optional(
    Type.Unknown({
      description: 'The content, parsed; integers beyond 2^53, which would lose digits, are texts',
      [PRESENT_WHEN]: { as: ['json'] },
    }),
  ),
  artifact: Type.Optional(Type.Unsafe<ArtifactRef>({ ...artifactRefSchema, [PRESENT_WHEN]: { as: ['artifact'] } })),
  etag: Type.String({ description: 'ETag of the object, without quotes' }),
  size: Type.Integer({ minimum: 0, description: 'Bytes of content: of the range, where one was asked for' }),
  contentType: Type.String({ description: 'Media type that is kept with the object' }),
  lastModified: Type.String({ format: 'date-time', description: 'When the object was written' }),
  versionId: Type.Optional(Type.String({ description: 'Version, where the bucket keeps versions' })),
  metadata: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'User metadata of the object' })),
  contentRange: Type.Optional(Type.String({ description: 'Which bytes of how many, where a range was asked for' })),
  contentEncoding: Type.Optional(Type.String({ description: 'How the content is packed, e.g. gzip; it is not unpacked' })),
});
export type GetOutput = Static<typeof GetOutput>;
