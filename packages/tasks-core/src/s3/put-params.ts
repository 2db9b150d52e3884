import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import { InvalidInputError } from '@summit/maestro-sdk';
import type { Content } from './content.ts';
import { encryptionParams } from './encryption.ts';
import type { PutInput } from './put-fields.ts';
import { quotedEtag } from './stored.ts';

/** The request that stores an object, without its body. */
export function putParams(payload: PutInput, content: Content, marks: Record<string, string> | undefined): PutObjectCommandInput {
  const { bucket, key, objectLock, tags } = payload;
  if (payload.ifMatch !== undefined && payload.ifNoneMatch !== undefined) {
    throw new InvalidInputError('ifMatch and ifNoneMatch are both given; an object cannot be there and not be there');
  }
  const { mode, retainUntil, legalHold } = objectLock ?? {};
  if ((mode === undefined) !== (retainUntil === undefined)) throw new InvalidInputError('objectLock: mode and retainUntil belong together');
  return {
    Bucket: bucket,
    Key: key,
    ContentType: payload.contentType ?? content.contentType,
    ContentEncoding: payload.contentEncoding,
    ContentDisposition: payload.contentDisposition,
    ContentLanguage: payload.contentLanguage,
    CacheControl: payload.cacheControl,
    Metadata: { ...payload.metadata, ...marks },
    Tagging: tags === undefined ? undefined : new URLSearchParams(tags).toString(),
    StorageClass: payload.storageClass as PutObjectCommandInput['StorageClass'],
    ACL: payload.acl,
    IfMatch: quotedEtag(payload.ifMatch),
    IfNoneMatch: payload.ifNoneMatch,
    ObjectLockMode: mode,
    ObjectLockRetainUntilDate: retainUntil === undefined ? undefined : new Date(retainUntil),
    ObjectLockLegalHoldStatus: legalHold === undefined ? undefined : legalHold ? 'ON' : 'OFF',
    ExpectedBucketOwner: payload.expectedBucketOwner,
    RequestPayer: payload.requestPayer === true ? 'requester' : undefined,
    ...encryptionParams(payload.sse),
  };
}
