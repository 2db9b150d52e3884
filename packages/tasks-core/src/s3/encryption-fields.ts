import { type Static, Type } from '@summit/maestro-sdk/schema';

/** A key of 32 bytes, in base64, that the store uses and forgets. */
export const CustomerKey = Type.String({
  pattern: '^[A-Za-z0-9+/]{43}=$',
  writeOnly: true,
  description: 'Key of 32 bytes in base64, from a secret; the store does not keep it',
});

/** How the store encrypts an object. */
export const Encryption = Type.Union(
  [
    Type.Literal('AES256', { description: 'With keys of the store' }),
    Type.Object(
      {
        kms: Type.Union([Type.Literal('aws:kms'), Type.Literal('aws:kms:dsse')], {
          description: 'With a key of AWS KMS, once or in two layers',
        }),
        keyId: Type.Optional(Type.String({ minLength: 1, description: 'Id, alias or ARN of the key. Default: the account’s own for S3' })),
        bucketKey: Type.Optional(Type.Boolean({ description: 'Use the bucket’s key, which asks KMS less often' })),
        context: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Encryption context that KMS checks and logs' })),
      },
      { additionalProperties: false },
    ),
    Type.Object({ customerKey: CustomerKey }, { additionalProperties: false }),
  ],
  { description: 'Encryption at rest: by the store, by KMS, or with a key of the caller. Default: what the bucket says' },
);
export type Encryption = Static<typeof Encryption>;
