import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { ArtifactRef, RunContext } from '@summit/maestro-sdk';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { certificates, faultProxy } from '@summit/maestro-services';
import { afterAll, describe, expect, it } from 'vitest';
import { testBucket } from '../../test/support/s3.ts';
import { wire, xmlError } from '../../test/support/s3-wire.ts';
import { s3Get } from '../connectors/s3.get.ts';
import { s3Put } from '../connectors/s3.put.ts';

const bucket = await testBucket({ versions: true });
const address = new URL(bucket.store.endpoint);
const LARGE = Buffer.alloc(24 * 1024 * 1024, 'some content that is long enough ');
const LARGE_SHA256 = createHash('sha256').update(LARGE).digest('hex');
await bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key: 'large', Body: LARGE }));
await bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key: 'small', Body: 'small' }));
afterAll(() => bucket[Symbol.asyncDispose]());

async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (const end = performance.now() + 5_000; !(await condition()); await setTimeout(10)) {
    if (performance.now() > end) throw new Error(`it did not come about that ${what}`);
  }
}

/** A context, and the server behind a network that fails as told. */
async function bad(options: Parameters<typeof createTestContext>[0] = {}) {
  const proxy = await faultProxy(address.hostname, Number(address.port));
  const ctx = createTestContext(options);
  const base = { ...bucket.base, endpoint: `http://127.0.0.1:${proxy.port}`, timeoutMs: 5_000, connectTimeoutMs: 5_000 };
  return {
    proxy,
    ctx,
    get: (payload: object = {}, context: RunContext = ctx) => s3Get.execute(context, { payload: { ...base, key: 'small', ...payload } }),
    put: (payload: object = {}, context: RunContext = ctx) =>
      s3Put.execute(context, { payload: { ...base, key: 'put', body: 'x', ...payload } }),
    async [Symbol.asyncDispose]() {
      await ctx.dispose();
      // What the network held back arrives now: also that the connections were closed.
      await proxy.up();
      await until(() => proxy.connections === 0, 'every connection was closed');
      await proxy.close();
    },
  };
}

/** The context with a store for artifacts in which `then` happens whenever so many more bytes have come. */
function whileReading(ctx: RunContext, every: number, then: () => void): RunContext {
  return {
    ...ctx,
    artifacts: {
      open: (ref: ArtifactRef) => ctx.artifacts.open(ref),
      async put(source, meta) {
        const counted = async function* () {
          let next = every;
          let seen = 0;
          for await (const chunk of source as AsyncIterable<Uint8Array>) {
            seen += chunk.length;
            yield chunk;
            if (seen < next) continue;
            next += every;
            then();
          }
        };
        return ctx.artifacts.put(counted(), meta);
      },
    },
  } as RunContext;
}

/** The context with an artifact that is read slowly, and something that happens in the middle. */
async function slowArtifact(ctx: RunContext, then: (read: number) => Promise<void> | void) {
  const artifact = await ctx.artifacts.put(LARGE);
  const context = {
    ...ctx,
    artifacts: {
      put: ctx.artifacts.put,
      async *open(ref: ArtifactRef, options?: { signal?: AbortSignal }) {
        let read = 0;
        for await (const chunk of ctx.artifacts.open(ref, options)) {
          yield chunk;
          read += chunk.length;
          await then(read);
        }
      },
    },
  } as RunContext;
  return { artifact, context };
}

const timed = async (work: Promise<unknown>) => {
  const begin = performance.now();
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, ms: performance.now() - begin };
};

describe.concurrent('a store', () => {
  it('that is down is unreachable, and is used again once it is back', async () => {
    await using weather = await bad();
    await weather.proxy.down();
    for (const call of [weather.get, weather.put]) {
      const { error, ms } = await timed(call());
      expect(error).toMatchObject({ code: 'S3_UNREACHABLE', retryable: true });
      expect(ms).toBeLessThan(5_000);
    }
    await weather.proxy.up();
    expect((await weather.get()).payload.body).toBe('small');
  });

  it('that accepts and says nothing times out', async () => {
    await using weather = await bad();
    weather.proxy.silence();
    for (const call of [weather.get, weather.put]) {
      const { error, ms } = await timed(call({ timeoutMs: 400 }));
      expect(error).toMatchObject({ code: 'S3_TIMEOUT', retryable: true });
      expect(ms).toBeLessThan(3_000);
    }
    await weather.proxy.up();
    expect((await weather.get()).payload.body).toBe('small');
  });

  it('whose connections break between two calls is asked again', async () => {
    await using weather = await bad();
    await weather.get();
    weather.proxy.cut();
    expect((await weather.get()).payload.body).toBe('small');
    await weather.proxy.down();
    const call = weather.get({ timeoutMs: 5_000 });
    await weather.proxy.up();
    expect((await call).payload.body).toBe('small');
  });

  it('whose connection breaks again and again in the middle of an object is resumed each time', async () => {
    await using weather = await bad();
    let cuts = 0;
    const context = whileReading(weather.ctx, LARGE.length / 6, () => {
      cuts++;
      weather.proxy.cut();
    });
    const { artifact } = (await weather.get({ key: 'large', as: 'artifact', timeoutMs: 5_000 }, context)).payload;
    expect(artifact).toMatchObject({ sha256: LARGE_SHA256, size: LARGE.length });
    expect(cuts).toBeGreaterThanOrEqual(5);
    expect(weather.proxy.accepted).toBeGreaterThan(3);
  });

  it('that goes away in the middle of an object ends the call, not the worker', async () => {
    await using weather = await bad();
    const context = whileReading(weather.ctx, LARGE.length / 4, () => void weather.proxy.down());
    await expect(weather.get({ key: 'large', as: 'artifact' }, context)).rejects.toMatchObject({ code: 'S3_UNREACHABLE', retryable: true });
    await weather.proxy.up();
    expect((await weather.get({ key: 'large', as: 'artifact' })).payload.artifact?.sha256).toBe(LARGE_SHA256);
  });

  it('that falls silent in the middle of an object times out', async () => {
    await using weather = await bad();
    let since = 0;
    const context = whileReading(weather.ctx, LARGE.length / 4, () => {
      since ||= performance.now();
      weather.proxy.silence();
    });
    await expect(weather.get({ key: 'large', as: 'artifact', timeoutMs: 1_000 }, context)).rejects.toMatchObject({
      code: 'S3_TIMEOUT',
      retryable: true,
    });
    expect(performance.now() - since).toBeLessThan(6_000);
  });

  it('that has fallen silent is not waited for by a reader that has failed', async () => {
    await using weather = await bad();
    const context = whileReading(weather.ctx, LARGE.length / 4, () => {
      weather.proxy.silence();
      throw new Error('the disk is gone');
    });
    const begin = performance.now();
    await expect(weather.get({ key: 'large', as: 'artifact' }, context)).rejects.toThrow('the disk is gone');
    expect(performance.now() - begin).toBeLessThan(4_000);
  });

  it('in which the object is replaced while it is read says so', async () => {
    await using weather = await bad();
    await bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key: 'replaced', Body: LARGE }));
    let replaced: Promise<unknown> | undefined;
    const context = whileReading(weather.ctx, LARGE.length / 3, () => {
      replaced ??= bucket.client
        .send(new PutObjectCommand({ Bucket: bucket.name, Key: 'replaced', Body: 'other' }))
        .then(() => weather.proxy.cut());
    });
    const slow = { ...context, artifacts: { ...context.artifacts, put: paused(context, () => replaced) } } as RunContext;
    // By its version it is there all the same.
    const { payload } = await weather.get({ key: 'replaced', as: 'artifact', timeoutMs: 5_000 }, slow);
    expect(payload.artifact?.sha256).toBe(LARGE_SHA256);
  });

  it('whose answer to a put is lost has the object once, also after the retry', async () => {
    await using weather = await bad({ runId: 'lost', idempotencyKey: 'lost/put' });
    for (const [key, more] of [
      ['lost-free', {}],
      ['lost-if-none', { ifNoneMatch: '*' }],
    ] as const) {
      weather.proxy.loseReplies();
      await expect(weather.put({ key, ...more, timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'S3_TIMEOUT' });
      await weather.proxy.up();
      weather.proxy.cut();
      const retry = { ...weather.ctx, attempt: 2 } as RunContext;
      expect((await weather.put({ key, ...more }, retry)).payload).toMatchObject({ size: 1 });
      expect((await bucket.objects()).filter((object) => object.startsWith(`${key} `))).toHaveLength(1);
    }
  });

  it('that goes away in the middle of an upload leaves none behind once it is back', async () => {
    await using weather = await bad();
    let gone = false;
    const { artifact, context } = await slowArtifact(weather.ctx, async (read) => {
      if (gone || read < LARGE.length / 2) return;
      gone = true;
      await weather.proxy.down();
    });
    const put = { key: 'gone', body: undefined, artifact };
    await expect(weather.put(put, context)).rejects.toMatchObject({ code: expect.stringMatching(/^S3_(?:UNREACHABLE|CONNECTION_LOST)$/) });
    expect(weather.ctx.logs).toContainEqual(
      expect.objectContaining({ level: 'error', message: expect.stringContaining('could not be removed') }),
    );
    await weather.proxy.up();
    expect(await bucket.uploads()).toContain('gone');
    expect((await weather.put(put)).payload.sha256).toBe(LARGE_SHA256);
    expect(await bucket.uploads()).not.toContain('gone');
  });

  it('that cuts every connection after some megabytes makes the upload fail, and keeps nothing of it', async () => {
    await using weather = await bad();
    const { artifact, context } = await slowArtifact(weather.ctx, () => {});
    weather.proxy.cutAfter(3 * 1024 * 1024);
    await expect(weather.put({ key: 'cut', body: undefined, artifact, timeoutMs: 5_000 }, context)).rejects.toMatchObject({
      code: 'S3_CONNECTION_LOST',
      retryable: true,
    });
    expect(await bucket.uploads()).not.toContain('cut');
    weather.proxy.cutAfter(Number.POSITIVE_INFINITY);
    expect((await weather.put({ key: 'cut', body: undefined, artifact })).payload.size).toBe(LARGE.length);
  });
});

/** `put` that waits for `until` after the first pieces. */
function paused(ctx: RunContext, until: () => Promise<unknown> | undefined): RunContext['artifacts']['put'] {
  return (source, meta) => {
    const waiting = async function* () {
      for await (const chunk of source as AsyncIterable<Uint8Array>) {
        yield chunk;
        await until();
      }
    };
    return ctx.artifacts.put(waiting(), meta);
  };
}

describe.concurrent('an upload', () => {
  it('that is cancelled in the middle ends at once, and is removed', async () => {
    await using weather = await bad();
    const { artifact, context } = await slowArtifact(weather.ctx, (read) => (read > LARGE.length / 2 ? setTimeout(50) : undefined));
    const call = timed(weather.put({ key: 'cancelled', body: undefined, artifact }, context));
    await until(async () => (await bucket.uploads()).includes('cancelled'), 'the upload has begun');
    const begin = performance.now();
    weather.ctx.abort(new Error('cancelled by a person'));
    expect((await call).error).toMatchObject({ message: 'cancelled by a person' });
    expect(performance.now() - begin).toBeLessThan(3_000);
    expect(await bucket.uploads()).not.toContain('cancelled');
  });

  it('whose source fails is removed, and says why', async () => {
    await using weather = await bad();
    const { artifact, context } = await slowArtifact(weather.ctx, (read) => {
      if (read > LARGE.length / 2) throw new Error('the disk is gone');
    });
    await expect(weather.put({ key: 'no-source', body: undefined, artifact }, context)).rejects.toThrow('the disk is gone');
    expect(await bucket.uploads()).not.toContain('no-source');
  });

  it('whose last answer is lost is known as its own', async () => {
    const etag = (content: string) => createHash('md5').update(content).digest();
    const parts = [LARGE.subarray(0, 8 * 1024 ** 2), LARGE.subarray(8 * 1024 ** 2, 16 * 1024 ** 2), LARGE.subarray(16 * 1024 ** 2)];
    const whole = createHash('md5')
      .update(Buffer.concat(parts.map((part) => etag(part as never))))
      .digest('hex');
    let completed = 0;
    let marks: Record<string, string> = {};
    await using store = await wire((response, { method, url, headers, body }) => {
      if (method === 'POST' && url.includes('uploads')) {
        marks = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-'))) as Record<string, string>;
        response.end('<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>');
      } else if (method === 'PUT') {
        response.setHeader('etag', `"${createHash('md5').update(body).digest('hex')}"`).end();
      } else if (method === 'POST' && completed++ === 0) {
        response.destroy();
      } else if (method === 'HEAD') {
        response.writeHead(200, { ...marks, 'content-length': LARGE.length, etag: `"${whole}-3"` }).end();
      } else {
        response.writeHead(404, { 'content-type': 'application/xml' }).end('<Error><Code>NoSuchUpload</Code></Error>');
      }
    });
    await using ctx = createTestContext();
    const artifact = await ctx.artifacts.put(LARGE);
    const { payload } = await s3Put.execute(ctx, { payload: { ...bucket.base, endpoint: store.endpoint, key: 'a', artifact } });
    expect(payload).toEqual({ etag: `${whole}-3`, size: LARGE.length, sha256: LARGE_SHA256 });
  });
});

describe.concurrent('what arrives', () => {
  it.each<[string, Record<string, string>, string, string]>([
    ['damaged', { 'x-amz-checksum-crc32': 'AAAAAA==' }, 'hello', 'S3_CHECKSUM_MISMATCH'],
    ['damaged, by SHA256', { 'x-amz-checksum-sha256': Buffer.alloc(32).toString('base64') }, 'hello', 'S3_CHECKSUM_MISMATCH'],
    ['damaged, by CRC64NVME', { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' }, 'hello', 'S3_CHECKSUM_MISMATCH'],
    ['damaged, by CRC32C', { 'x-amz-checksum-crc32c': 'AAAAAA==' }, 'hello', 'S3_CHECKSUM_MISMATCH'],
    ['damaged, by SHA1', { 'x-amz-checksum-sha1': Buffer.alloc(20).toString('base64') }, 'hello', 'S3_CHECKSUM_MISMATCH'],
    ['cut off every time', { 'content-length': '9' }, 'hello', 'S3_CONNECTION_LOST'],
    ['of no size', { 'transfer-encoding': 'chunked' }, 'hello', 'S3_PROTOCOL'],
  ])('%s', async (_, headers, body, code) => {
    await using store = await wire((response) => {
      response.writeHead(200, { etag: '"e"', ...('transfer-encoding' in headers ? {} : { 'content-length': '5' }), ...headers });
      response.write(body, () => (headers['content-length'] === undefined ? response.end() : response.destroy()));
    });
    await using ctx = createTestContext();
    await expect(s3Get.execute(ctx, { payload: { ...bucket.base, endpoint: store.endpoint, key: 'a' } })).rejects.toMatchObject({ code });
    expect(store.requests[0]?.headers['x-amz-checksum-mode']).toBe('ENABLED');
  });

  it('after a break of another object is refused', async () => {
    await using store = await wire(
      (response) => {
        response.writeHead(200, { etag: '"e"', 'content-length': '9' });
        response.write('hello', () => response.destroy());
      },
      xmlError(412, 'PreconditionFailed'),
    );
    await using ctx = createTestContext();
    await expect(s3Get.execute(ctx, { payload: { ...bucket.base, endpoint: store.endpoint, key: 'a' } })).rejects.toMatchObject({
      code: 'S3_CHANGED',
      retryable: true,
    });
    expect(store.requests[1]?.headers).toMatchObject({ 'if-match': '"e"', range: 'bytes=5-8' });
  });

  it('a checksum of parts is none of the content', async () => {
    const headers = { etag: '"e"', 'content-length': '5', 'x-amz-checksum-crc32': 'AAAAAA==-2', 'x-amz-checksum-type': 'COMPOSITE' };
    await using store = await wire({ status: 200, headers, body: 'hello' });
    await using ctx = createTestContext();
    expect((await s3Get.execute(ctx, { payload: { ...bucket.base, endpoint: store.endpoint, key: 'a' } })).payload.body).toBe('hello');
  });
});

describe.concurrent('an answer', () => {
  const call = async (...answers: Parameters<typeof wire>) => {
    await using store = await wire(...answers);
    await using ctx = createTestContext();
    const payload = { ...bucket.base, endpoint: store.endpoint, key: 'a', timeoutMs: 5_000 };
    const error = await s3Get.execute(ctx, { payload }).then(
      ({ payload }) => payload,
      (thrown: unknown) => thrown,
    );
    return { error, requests: store.requests };
  };

  it.each([
    [403, 'InvalidObjectState', 'S3_ARCHIVED', false],
    [403, 'ExpiredToken', 'S3_CREDENTIALS_EXPIRED', false],
    [400, 'KMS.DisabledException', 'S3_KMS', false],
    [301, 'PermanentRedirect', 'S3_WRONG_REGION', false],
    [403, 'RequestTimeTooSkewed', 'S3_CLOCK_SKEW', true],
    [409, 'OperationAborted', 'S3_CONFLICT', true],
    [503, 'SlowDown', 'S3_THROTTLED', true],
    [500, 'InternalError', 'S3_UNAVAILABLE', true],
    [501, 'NotImplemented', 'S3_UNSUPPORTED', false],
    [400, 'SomethingNew', 'S3_REQUEST_REFUSED', false],
  ])('%d %s is %s', async (status, code, expected, retryable) => {
    const { error, requests } = await call(xmlError(status, code, { headers: { 'x-amz-bucket-region': 'eu-west-3' } }));
    expect(error).toMatchObject({ code: expected, retryable });
    expect(requests).toHaveLength(retryable ? 3 : 1);
  });

  it('that asks to wait is waited for, and the wait is told when there is no more attempt', async () => {
    const slow = xmlError(503, 'SlowDown', { headers: { 'retry-after': '1' } });
    const begin = performance.now();
    const { error } = await call(slow, { status: 200, headers: { etag: '"e"', 'content-length': '2' }, body: 'ok' });
    expect(error).toMatchObject({ body: 'ok' });
    expect(performance.now() - begin).toBeGreaterThanOrEqual(990);
    expect((await call(slow)).error).toMatchObject({ code: 'S3_THROTTLED', retryAfterMs: 1_000 });
  });

  it('that corrects the clock is believed', async () => {
    const hour = new Date(Date.now() + 3_600_000);
    const skewed = xmlError(403, 'RequestTimeTooSkewed', { headers: { date: hour.toUTCString() } });
    const { error, requests } = await call(skewed, { status: 200, headers: { etag: '"e"', 'content-length': '2' }, body: 'ok' });
    expect(error).toMatchObject({ body: 'ok' });
    const at = String(requests[1]?.headers['x-amz-date']).replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z');
    expect(Math.abs(Date.parse(at) - hour.getTime())).toBeLessThan(60_000);
  });

  it('that is not of S3 says so', async () => {
    expect((await call({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' })).error).toMatchObject({
      code: 'S3_PROTOCOL',
    });
    // A page for logging in, as a proxy gives it to everybody.
    const page = { status: 200, headers: { 'content-type': 'text/html', 'content-length': '6' }, body: '<html>' };
    expect((await call(page)).error).toMatchObject({
      code: 'S3_PROTOCOL',
      retryable: false,
      message: expect.stringContaining('no S3 store'),
    });
    expect((await call({ status: 404, headers: { 'content-type': 'text/html' }, body: '<html><p>not found' })).error).toMatchObject({
      code: expect.stringMatching(/^S3_(?:KEY_NOT_FOUND|PROTOCOL)$/),
      retryable: false,
    });
  });
});

describe.concurrent('TLS', () => {
  it('is trusted with the store’s authority, and not without', async () => {
    await using ctx = createTestContext();
    const { endpoint, ca } = bucket.store.tls;
    const payload = { ...bucket.base, endpoint, key: 'small' };
    expect((await s3Get.execute(ctx, { payload: { ...payload, tls: { ca } } })).payload.body).toBe('small');
    await expect(s3Get.execute(ctx, { payload })).rejects.toMatchObject({ code: 'S3_TLS', retryable: false });
    await expect(s3Get.execute(ctx, { payload: { ...payload, tls: { ca: 'none' } } })).rejects.toMatchObject({ code: 'TLS_INVALID' });
    await expect(s3Get.execute(ctx, { payload: { ...bucket.base, key: 'a', tls: { ca } } })).rejects.toMatchObject({ code: 'TLS_INVALID' });
  });

  it('with a certificate for another name, or an expired one, is refused', async () => {
    const { ca, wrongName, expired } = await certificates();
    await using ctx = createTestContext();
    for (const pair of [wrongName, expired]) {
      const server: Server = createServer(pair, (_, response) => response.end()).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const endpoint = `https://localhost:${(server.address() as AddressInfo).port}`;
      await expect(s3Get.execute(ctx, { payload: { ...bucket.base, endpoint, key: 'a', tls: { ca } } })).rejects.toMatchObject({
        code: 'S3_TLS',
      });
      server.close();
      server.closeAllConnections();
    }
  });
});
