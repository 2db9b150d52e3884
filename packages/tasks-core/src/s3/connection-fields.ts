import { type Static, Type } from '@summit/maestro-sdk/schema';
import { Tls } from '../connection/tls.ts';

const Keys = Type.Object(
  {
    accessKeyId: Type.String({ minLength: 1, writeOnly: true, description: 'Access key id, from a secret' }),
    secretAccessKey: Type.String({ minLength: 1, writeOnly: true, description: 'Secret access key, from a secret' }),
    sessionToken: Type.Optional(
      Type.String({ minLength: 1, writeOnly: true, description: 'Session token of temporary credentials, from a secret' }),
    ),
  },
  { additionalProperties: false },
);

const AssumeRole = Type.Object(
  {
    roleArn: Type.String({ pattern: '^arn:[^:\\s]+:iam::[0-9]{12}:role/\\S+$', description: 'ARN of the role to act as' }),
    externalId: Type.Optional(Type.String({ minLength: 2, maxLength: 1224, description: 'External id the role’s trust policy asks for' })),
    sessionName: Type.Optional(
      Type.String({ pattern: '^[\\w+=,.@-]{2,64}$', default: 'maestro', description: 'Name of the session, as audit logs show it' }),
    ),
    durationSeconds: Type.Optional(
      Type.Integer({ minimum: 900, maximum: 43_200, description: 'Validity of the role’s credentials; they are renewed in time' }),
    ),
    endpoint: Type.Optional(
      Type.String({ pattern: '^https?://[^\\s@]+$', description: 'URL of the token service (STS), where it is not the region’s own' }),
    ),
  },
  { additionalProperties: false, description: 'Role whose temporary credentials are used; the other credentials ask for them' },
);

/** The fields that `s3.get` and `s3.put` have in common: which object, where, and as whom. */
export const connectionFields = {
  bucket: Type.String({
    minLength: 3,
    maxLength: 255,
    pattern: '^\\S+$',
    description: 'Name of the bucket, or ARN of an access point',
  }),
  key: Type.String({ minLength: 1, maxLength: 1024, description: 'Key of the object: the whole name, with no slash before it' }),
  region: Type.Optional(
    Type.String({
      pattern: '^[a-z0-9-]+$',
      description: 'Region of the bucket. Default: what the AWS configuration of the machine says; us-east-1 where there is an endpoint',
    }),
  ),
  endpoint: Type.Optional(
    Type.String({
      pattern: '^https?://[^\\s@?#]+$',
      description:
        'URL of a store that is not AWS, e.g. https://minio.example.com:9000. Default: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL of the environment',
    }),
  ),
  forcePathStyle: Type.Optional(
    Type.Boolean({ description: 'The bucket is in the path of URLs, not in the host name. Default: true where there is an endpoint' }),
  ),
  credentials: Type.Optional(
    Type.Union([Type.Literal('default'), Type.Literal('none'), Keys], {
      description:
        'As whom: keys; none (unsigned requests); default (environment, profile, SSO, container or instance role of the machine). ' +
        'Absent: the secrets AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN where they exist, else default',
    }),
  ),
  assumeRole: Type.Optional(AssumeRole),
  expectedBucketOwner: Type.Optional(
    Type.String({ pattern: '^[0-9]{12}$', description: 'Account that must own the bucket; any other is refused by the store' }),
  ),
  requestPayer: Type.Optional(
    Type.Boolean({ default: false, description: 'The caller pays for the request, as requester-pays buckets ask' }),
  ),
  tls: Type.Optional(Tls),
  connectTimeoutMs: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 600_000, default: 10_000, description: 'Milliseconds to connect, and to obtain credentials' }),
  ),
  timeoutMs: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 3_600_000,
      default: 30_000,
      description: 'Milliseconds the store may take to answer a request, or without any byte of content going either way',
    }),
  ),
};

const ConnectionInput = Type.Object(connectionFields);
/** Which object, where, and as whom. */
export type ConnectionInput = Static<typeof ConnectionInput>;
