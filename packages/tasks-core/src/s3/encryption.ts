import { createHash } from 'node:crypto';
import { InvalidInputError } from '@summit/maestro-sdk';
import type { Encryption } from './encryption-fields.ts';

/** What a request with a key of the caller says. */
export function customerKeyParams(key: string | undefined) {
  if (key === undefined) return {};
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length !== 32) throw new InvalidInputError(`customerKey: expected 32 bytes in base64, found ${bytes.length}`);
  return { SSECustomerAlgorithm: 'AES256', SSECustomerKey: key, SSECustomerKeyMD5: createHash('md5').update(bytes).digest('base64') };
}

/** What the request that begins a write says about encryption. */
export function encryptionParams(sse: Encryption | undefined) {
  if (sse === undefined) return {};
  if (sse === 'AES256') return { ServerSideEncryption: 'AES256' as const };
  if ('customerKey' in sse) return customerKeyParams(sse.customerKey);
  const { kms, keyId, bucketKey, context } = sse;
  return {
    ServerSideEncryption: kms,
    ...(keyId === undefined ? {} : { SSEKMSKeyId: keyId }),
    ...(bucketKey === undefined ? {} : { BucketKeyEnabled: bucketKey }),
    ...(context === undefined ? {} : { SSEKMSEncryptionContext: Buffer.from(JSON.stringify(context)).toString('base64') }),
  };
}
