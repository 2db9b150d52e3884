import { PutObjectCommand } from '@aws-sdk/client-s3';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { testBucket } from '../../test/support/s3.ts';
import { wire } from '../../test/support/s3-wire.ts';
import { s3Get } from '../connectors/s3.get.ts';
import { s3Put } from '../connectors/s3.put.ts';

const bucket = await testBucket();
const { credentials, ...place } = bucket.base;
await bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key: 'a', Body: 'x' }));
afterAll(() => bucket[Symbol.asyncDispose]());

const secrets = { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey };
const answer = { status: 200, headers: { etag: '"e"', 'content-length': '1' }, body: 'x' };

beforeEach(() => {
  // A machine without any identity of its own.
  for (const name of Object.keys(process.env)) if (/^(?:AWS_|HOME$)/.test(name)) vi.stubEnv(name, undefined);
  vi.stubEnv('HOME', '/nonexistent');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterEach(() => vi.unstubAllEnvs());

async function get(payload: object, given: Record<string, string> = {}) {
  await using ctx = createTestContext({ task: s3Get, secrets: given });
  const result = await s3Get.execute(ctx, { payload: { ...place, key: 'a', ...payload } });
  return { ...result.payload, asked: ctx.secretsAsked };
}

describe('as whom', () => {
  it('the payload’s keys, for which no secret is asked', async () => {
    expect(await get({ credentials })).toMatchObject({ body: 'x', asked: [] });
  });

  it('the secrets, where the payload says nothing', async () => {
    expect(await get({}, secrets)).toMatchObject({ body: 'x', asked: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] });
    await using store = await wire(answer);
    await get({ endpoint: store.endpoint }, { ...secrets, AWS_SESSION_TOKEN: 'of-a-session' });
    expect(store.requests[0]?.headers['x-amz-security-token']).toBe('of-a-session');
  });

  it('not half of them', async () => {
    await expect(get({}, { AWS_ACCESS_KEY_ID: 'someone' })).rejects.toMatchObject({
      code: 'S3_CREDENTIALS_INCOMPLETE',
      message: expect.stringContaining('AWS_SECRET_ACCESS_KEY is missing'),
    });
  });

  it('the machine, where there are no secrets, or where the payload asks for it', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
    expect((await get({})).body).toBe('x');
    expect(await get({ credentials: 'default' }, { AWS_ACCESS_KEY_ID: 'another' })).toMatchObject({ body: 'x', asked: [] });
  });

  it('nobody: the request is not signed', async () => {
    await using store = await wire(answer);
    await get({ credentials: 'none', endpoint: store.endpoint }, secrets);
    expect(store.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it('nowhere to be found is an error at once', async () => {
    await expect(get({})).rejects.toMatchObject({ code: 'S3_CREDENTIALS_MISSING', retryable: false });
  });

  it('a metadata service that does not answer is not waited for', async () => {
    await using silent = await wire(() => {});
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', undefined);
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', silent.endpoint);
    const begin = performance.now();
    await expect(get({ connectTimeoutMs: 300 })).rejects.toMatchObject({ code: 'S3_CREDENTIALS_TIMEOUT', retryable: true });
    expect(performance.now() - begin).toBeLessThan(1_500);
  });
});

describe('where', () => {
  it('no region at all is an error, before anything is sent', async () => {
    await expect(get({ region: undefined, endpoint: undefined, credentials })).rejects.toMatchObject({ code: 'S3_REGION_MISSING' });
  });

  it('the store and region of the environment, as if the payload named them', async () => {
    await using store = await wire(answer, { status: 200, headers: { etag: '"9dd4e461268c8034f5c8564e155c67a6"' } });
    vi.stubEnv('AWS_ENDPOINT_URL_S3', store.endpoint);
    vi.stubEnv('AWS_REGION', 'xx-home-1');
    await get({ bucket: 'some-bucket', region: undefined, endpoint: undefined }, secrets);
    await using ctx = createTestContext({ secrets });
    await s3Put.execute(ctx, { payload: { bucket: 'some-bucket', key: 'a', body: 'x' } });
    expect(store.requests.map(({ method, url }) => `${method} ${url.split('?')[0]}`)).toEqual(['GET /some-bucket/a', 'PUT /some-bucket/a']);
    expect(store.requests[1]?.headers.authorization).toContain('/xx-home-1/s3/');
    expect(store.requests[1]?.headers).not.toHaveProperty('x-amz-checksum-crc32');
  });

  it('a store without a region has the usual one', async () => {
    await using store = await wire(answer);
    await get({ region: undefined, endpoint: store.endpoint }, secrets);
    expect(store.requests[0]?.headers.authorization).toContain('/us-east-1/s3/');
  });
});

describe('a role', () => {
  const roleArn = 'arn:aws:iam::111122223333:role/reader';
  const granted = {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>role-key</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  };

  it('is assumed with the other credentials, once', async () => {
    await using tokens = await wire(granted);
    await using store = await wire(answer);
    await using ctx = createTestContext({ secrets });
    const assumeRole = { roleArn, externalId: 'ticket-7', sessionName: 'nightly', durationSeconds: 900, endpoint: tokens.endpoint };
    for (let call = 0; call < 3; call++) {
      await s3Get.execute(ctx, { payload: { ...place, endpoint: store.endpoint, key: 'a', assumeRole } });
    }
    expect(tokens.requests).toHaveLength(1);
    expect(Object.fromEntries(new URLSearchParams(tokens.requests[0]?.body.toString()))).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: roleArn,
      ExternalId: 'ticket-7',
      RoleSessionName: 'nightly',
      DurationSeconds: '900',
    });
    expect(tokens.requests[0]?.headers.authorization).toContain(`Credential=${credentials.accessKeyId}/`);
    for (const { headers } of store.requests) {
      expect(headers.authorization).toContain('Credential=role-key/');
      expect(headers['x-amz-security-token']).toBe('role-token');
    }
  });

  it.each([
    [
      'refused',
      {
        status: 403,
        body: '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>',
      },
      'S3_ROLE_REFUSED',
      false,
    ],
    ['not to be had now', { status: 500, body: '' }, 'S3_ROLE_UNAVAILABLE', true],
  ])('that is %s', async (_, said, code, retryable) => {
    await using tokens = await wire({ headers: { 'content-type': 'text/xml' }, ...said });
    await expect(get({ assumeRole: { roleArn, endpoint: tokens.endpoint } }, secrets)).rejects.toMatchObject({
      code,
      retryable,
      message: expect.stringContaining(roleArn),
    });
  });

  it('needs somebody to assume it', async () => {
    await expect(get({ credentials: 'none', assumeRole: { roleArn } })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
