/** What an error code of the S3 protocol means to whoever wrote the call. */
export interface Refusal {
  code: string;
  retryable: boolean;
  says: string;
  /** false: what the store says about it adds nothing, or may hold a credential. */
  quote?: boolean;
}

const terminal = (code: string, says: string, quote = false): Refusal => ({ code, retryable: false, says, quote });
const transient = (code: string, says: string, quote = true): Refusal => ({ code, retryable: true, says, quote });

const keyNotFound = terminal('S3_KEY_NOT_FOUND', 'there is no such object');
const bucketNotFound = terminal('S3_BUCKET_NOT_FOUND', 'there is no such bucket');
const denied = terminal(
  'S3_ACCESS_DENIED',
  'access denied; the identity lacks a permission (without s3:ListBucket a missing object looks the same), or a policy forbids it',
);
const expired = terminal('S3_CREDENTIALS_EXPIRED', 'the credentials have expired; provide new ones');
const rejected = terminal('S3_CREDENTIALS_REJECTED', 'the store does not know the access key or session token');
const throttled = transient('S3_THROTTLED', 'the store asks for fewer requests');
const damaged = transient('S3_CHECKSUM_MISMATCH', 'what arrived at the store is not what was sent');
const tooLarge = terminal('S3_OBJECT_TOO_LARGE', 'the object is larger than the store takes', true);

/** By the code of the error, as S3 and stores like it name them. */
export const REFUSALS: Record<string, Refusal> = {
  NoSuchKey: keyNotFound,
  NotFound: keyNotFound,
  NoSuchBucket: bucketNotFound,
  NoSuchUpload: terminal(
    'S3_UPLOAD_NOT_FOUND',
    'the multipart upload is not there any more: it was completed, or removed by somebody else',
  ),
  NoSuchVersion: terminal('S3_VERSION_NOT_FOUND', 'there is no such version of the object'),
  InvalidBucketName: terminal('S3_BUCKET_INVALID', 'the name of the bucket is not valid'),
  AccessDenied: denied,
  Forbidden: denied,
  AllAccessDisabled: denied,
  AccountProblem: denied,
  InvalidPayer: denied,
  InvalidAccessKeyId: rejected,
  InvalidToken: rejected,
  InvalidClientTokenId: rejected,
  UnrecognizedClientException: rejected,
  SignatureDoesNotMatch: terminal(
    'S3_SIGNATURE_REJECTED',
    'the signature does not match: the secret access key is not that of the access key, or a proxy changes requests',
  ),
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenRefreshRequired: expired,
  // The client has corrected its clock by the answer: another attempt may pass.
  RequestTimeTooSkewed: transient('S3_CLOCK_SKEW', 'the clocks of this machine and of the store differ too much; set the clock', false),
  RequestExpired: transient('S3_CLOCK_SKEW', 'the request had expired when it arrived; set the clock of this machine', false),
  InvalidObjectState: terminal('S3_ARCHIVED', 'the object is archived; restore it first (RestoreObject)', true),
  PreconditionFailed: terminal('S3_PRECONDITION_FAILED', 'the object is not as ifMatch or ifNoneMatch asks'),
  ConditionalRequestConflict: transient('S3_CONFLICT', 'another write to the object is under way'),
  OperationAborted: transient('S3_CONFLICT', 'another operation on the bucket is under way'),
  InvalidRange: terminal('S3_RANGE_INVALID', 'the object has no such range'),
  SlowDown: throttled,
  TooManyRequests: throttled,
  Throttling: throttled,
  ThrottlingException: throttled,
  RequestLimitExceeded: throttled,
  BandwidthLimitExceeded: throttled,
  RequestTimeout: transient('S3_TIMEOUT', 'the store waited too long for the content'),
  BadDigest: damaged,
  InvalidDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  XAmzContentChecksumMismatch: damaged,
  IncompleteBody: damaged,
  EntityTooLarge: tooLarge,
  QuotaExceeded: terminal('S3_QUOTA_EXCEEDED', 'the bucket or the account is full', true),
  XMinioStorageFull: transient('S3_STORE_FULL', 'the store has no space left'),
  KeyTooLongError: terminal('S3_KEY_INVALID', 'the key is too long', true),
  XMinioInvalidObjectName: terminal('S3_KEY_INVALID', 'the store does not take such a key', true),
  MetadataTooLarge: terminal('S3_METADATA_TOO_LARGE', 'the metadata is more than the 2 KB that a store takes', true),
  InvalidTag: terminal('S3_TAGS_INVALID', 'the store does not take these tags', true),
  InvalidStorageClass: terminal('S3_STORAGE_CLASS_INVALID', 'the store has no such storage class', true),
  NotImplemented: terminal('S3_UNSUPPORTED', 'the store does not know what the request asks for', true),
  NoSuchObjectLockConfiguration: terminal('S3_OBJECT_LOCK', 'the bucket has no object lock', true),
  ObjectLockConfigurationNotFoundError: terminal('S3_OBJECT_LOCK', 'the bucket has no object lock', true),
  InvalidBucketObjectLockConfiguration: terminal('S3_OBJECT_LOCK', 'the bucket has no object lock', true),
  ObjectLocked: terminal('S3_OBJECT_LOCK', 'the object is locked', true),
  AccessControlListNotSupported: terminal('S3_ACL_UNSUPPORTED', 'the bucket takes no ACLs; leave acl out'),
  'KMS.DisabledException': terminal('S3_KMS', 'the KMS key is disabled', true),
  'KMS.NotFoundException': terminal('S3_KMS', 'there is no such KMS key', true),
  'KMS.KMSInvalidStateException': terminal('S3_KMS', 'the KMS key cannot be used in its state', true),
  'KMS.AccessDeniedException': terminal('S3_KMS', 'the KMS key may not be used by this identity', true),
};
