import type { LookupAddress } from 'node:dns';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { certificates, faultProxy } from '@summit/maestro-services';
import { describe, expect, it } from 'vitest';
import { closedPort, json, serve } from '../../test/support/http.ts';
import type { Resolve } from '../egress/lookup.ts';
import { callHttp } from './call.ts';
import type { HttpRequestInput } from './schemas.ts';

type Failure = Error & { code: string; retryable: boolean; details?: unknown };
const LOCAL = ['127.0.0.1', 'localhost'];

async function failure(input: HttpRequestInput, allow: string[] = LOCAL, resolve?: Resolve): Promise<Failure> {
  await using ctx = createTestContext({ egress: { allow } });
  const began = performance.now();
  try {
    await callHttp(ctx, input, resolve);
  } catch (error) {
    expect(performance.now() - began).toBeLessThan((input.timeoutMs ?? 30_000) + 1_500);
    return error as Failure;
  }
  throw new Error('succeeded');
}

describe('a server', () => {
  it('that is down at first is asked again with success', async () => {
    await using server = await serve((_, response) => json(response, { ok: true }));
    const proxy = await faultProxy('127.0.0.1', server.port);
    await using ctx = createTestContext({ egress: { allow: LOCAL } });
    const input = { method: 'POST', url: `http://127.0.0.1:${proxy.port}/`, body: {} } as const;
    await proxy.down();
    // Nothing was sent, so even a POST is worth another attempt.
    await expect(callHttp(ctx, input)).rejects.toMatchObject({ code: 'HTTP_UNREACHABLE', retryable: true });
    await proxy.up();
    expect(await callHttp(ctx, input)).toMatchObject({ status: 200 });
    // Connections that were kept and have broken since are not in the way.
    proxy.cut();
    await proxy.down();
    await expect(callHttp(ctx, input)).rejects.toMatchObject({ code: expect.stringMatching(/^HTTP_(?:UNREACHABLE|CUT)$/) });
    await proxy.up();
    expect(await callHttp(ctx, input)).toMatchObject({ status: 200 });
    await proxy.close();
  });

  it('that does the work and is cut off before it says so is asked again only where that does no harm', async () => {
    await using server = await serve((_, response) => response.socket?.destroy());
    const [get, post, keyed, declared] = await Promise.all([
      failure({ url: server.url }),
      failure({ method: 'POST', url: server.url, body: {} }),
      failure({ method: 'POST', url: server.url, body: {}, idempotencyKey: true }),
      failure({ method: 'PATCH', url: server.url, body: {}, idempotent: true }),
    ]);
    expect(get).toMatchObject({ code: 'HTTP_CUT', retryable: true });
    expect(post).toMatchObject({ code: 'HTTP_CUT', retryable: false, message: expect.stringContaining('its effect may have happened') });
    expect(keyed).toMatchObject({ code: 'HTTP_CUT', retryable: true });
    expect(declared).toMatchObject({ code: 'HTTP_CUT', retryable: true });
    expect(server.requests).toHaveLength(4);
  });

  it('that accepts the connection and stays silent', async () => {
    await using server = await serve(() => {});
    const [get, post, headers] = await Promise.all([
      failure({ url: server.url, timeoutMs: 200 }),
      failure({ method: 'POST', url: server.url, body: {}, timeoutMs: 200 }),
      failure({ url: server.url, headersTimeoutMs: 200, timeoutMs: 5_000 }),
    ]);
    expect(get).toMatchObject({ code: 'HTTP_TIMEOUT', retryable: true, message: expect.stringContaining('within 200 ms') });
    expect(post).toMatchObject({
      code: 'HTTP_TIMEOUT',
      retryable: false,
      message: expect.stringContaining('its effect may have happened'),
    });
    expect(headers).toMatchObject({ code: 'HTTP_TIMEOUT', retryable: true });
    // The connections of calls that were given up are not kept.
    await expect.poll(() => server.connections()).toBe(0);
  });

  it('that never speaks TLS', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await failure({ url: `https://127.0.0.1:${port}/`, connectTimeoutMs: 200 })).toMatchObject({
      code: 'HTTP_UNREACHABLE',
      retryable: true,
    });
    server.close();
  });

  it('that stops in the middle of a body', async () => {
    await using silent = await serve((_, response) => void response.writeHead(200, { 'content-length': '100' }).write('begun'));
    await using cutting = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('begun', () => response.socket?.destroy());
    });
    const [late, cut, cutPost, cutArtifact] = await Promise.all([
      failure({ url: silent.url, timeoutMs: 300, as: 'artifact' }),
      failure({ url: cutting.url }),
      failure({ method: 'POST', url: cutting.url, body: {} }),
      failure({ url: cutting.url, as: 'artifact' }),
    ]);
    expect(late).toMatchObject({ code: 'HTTP_TIMEOUT', retryable: true });
    expect(cut).toMatchObject({ code: 'HTTP_CUT', retryable: true });
    expect(cutPost).toMatchObject({ code: 'HTTP_CUT', retryable: false });
    expect(cutArtifact).toMatchObject({ code: 'HTTP_CUT', retryable: true });
  });

  it('that is not there, by name or by address', async () => {
    const port = await closedPort();
    expect(await failure({ url: `http://127.0.0.1:${port}/` })).toMatchObject({ code: 'HTTP_UNREACHABLE', retryable: true });
    const nowhere: Resolve = () => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND nowhere.test'), { code: 'ENOTFOUND' }));
    expect(await failure({ url: 'http://nowhere.test/' }, [], nowhere)).toMatchObject({ code: 'HTTP_DNS', retryable: true });
  });

  it('with headers that never end', async () => {
    await using server = await serve((_, response) => {
      for (let i = 0; i < 100; i++) response.setHeader(`x-${i}`, 'v'.repeat(1_000));
      response.end();
    });
    expect(await failure({ url: server.url })).toMatchObject({ code: 'HTTP_TOO_LARGE', retryable: false });
  });

  it('is told that nobody waits any more', async () => {
    let arrived = () => {};
    const asked = new Promise<void>((resolve) => (arrived = resolve));
    let gone = () => {};
    const closed = new Promise<void>((resolve) => (gone = resolve));
    await using server = await serve((_, response) => {
      response.on('close', () => gone());
      arrived();
    });
    await using ctx = createTestContext({ egress: { allow: LOCAL } });
    const call = callHttp(ctx, { url: server.url });
    await asked;
    ctx.abort(new Error('cancelled'));
    await expect(call).rejects.toThrow('cancelled');
    await closed;
  });
});

describe('TLS', () => {
  it('trusts what it is told to, and says what it does not trust', async () => {
    const { ca, server, wrongName, expired, client, stranger } = await certificates();
    const answer = (_: unknown, response: Parameters<typeof json>[0]) => json(response, { secure: true });
    await using good = await serve(answer, server);
    await using named = await serve(answer, wrongName);
    await using old = await serve(answer, expired);
    await using mutual = await serve(answer, { ...server, ca, requestCert: true, rejectUnauthorized: true });
    await using ctx = createTestContext({ egress: { allow: LOCAL } });
    const get = (url: string, tls: HttpRequestInput['tls']) => callHttp(ctx, { url, ...(tls === undefined ? {} : { tls }) });

    expect(await get(good.url, { ca })).toMatchObject({ json: { secure: true } });
    expect(await get(`https://localhost:${good.port}`, { ca })).toMatchObject({ json: { secure: true } });
    expect(await get(named.url, { ca, serverName: 'other.example' })).toMatchObject({ json: { secure: true } });
    expect(await get(mutual.url, { ca, ...client })).toMatchObject({ json: { secure: true } });

    const tls = { code: 'HTTP_TLS', retryable: false };
    await expect(get(good.url, undefined)).rejects.toMatchObject(tls);
    await expect(get(named.url, { ca })).rejects.toMatchObject({ ...tls, message: expect.stringContaining('127.0.0.1') });
    await expect(get(old.url, { ca })).rejects.toMatchObject({ ...tls, message: expect.stringContaining('expired') });
    // The server ends the connection, with an alert or without.
    await expect(get(mutual.url, { ca })).rejects.toMatchObject({ code: expect.stringMatching(/^HTTP_(?:TLS|CUT)$/) });
    await expect(get(mutual.url, { ca, ...stranger })).rejects.toMatchObject({ code: expect.stringMatching(/^HTTP_(?:TLS|CUT)$/) });
    await expect(get(good.url.replace('https', 'http'), undefined)).rejects.toMatchObject({ code: expect.stringMatching(/^HTTP_/) });
    await using plain = await serve(answer);
    await expect(get(plain.url.replace('http', 'https'), { ca })).rejects.toMatchObject({
      ...tls,
      message: `GET ${plain.url.replace('http', 'https')}: no trusted connection: wrong version number (ERR_SSL_WRONG_VERSION_NUMBER); what answers there speaks no TLS: is http: meant, or another port?`,
    });
  });
});

describe('egress', () => {
  const answers = (...rounds: string[][]): Resolve => {
    let round = 0;
    return async () => {
      const addresses = rounds[Math.min(round++, rounds.length - 1)] ?? [];
      return addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }));
    };
  };

  it.each([
    'http://127.0.0.1/',
    'http://10.0.0.1/',
    'http://192.168.1.1/',
    'http://172.16.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.64.0.1/',
    'http://0.0.0.0/',
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://0x7f.0.0.1/',
    'http://127.1/',
    'http://①②⑦.0.0.1/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[fe80::1]/',
    'http://[fd00::1]/',
    'https://127.0.0.1/',
  ])('refuses %s', async (url) => {
    const error = await failure({ url }, []);
    expect(error).toMatchObject({ code: 'HTTP_EGRESS_DENIED', retryable: false });
    expect(error.message).toMatch(/is (?:a|an|the) .*address.*; if runs may reach it, an operator adds/);
  });

  it('refuses names by what they resolve to, localhost among them', async () => {
    await using server = await serve((_, response) => json(response, {}));
    expect(await failure({ url: `http://localhost:${server.port}/` }, [])).toMatchObject({ code: 'HTTP_EGRESS_DENIED' });
    expect(await failure({ url: `http://localhost.:${server.port}/` }, [])).toMatchObject({ code: 'HTTP_EGRESS_DENIED' });
    expect(await failure({ url: `http://rebound.test:${server.port}/` }, [], answers(['127.0.0.1']))).toMatchObject({
      code: 'HTTP_EGRESS_DENIED',
      message: expect.stringContaining('rebound.test resolves to 127.0.0.1, a loopback address'),
    });
    expect(server.requests).toEqual([]);
  });

  it('asks the resolver once a connection, so that an answer that changes gains nothing', async () => {
    await using server = await serve((_, response) => json(response, {}));
    // The first answer is public, and nobody answers there; every later one is this machine.
    let asked = 0;
    const rebinding = answers(['192.0.2.1'], ['127.0.0.1']);
    const counting: Resolve = (host, options) => {
      asked++;
      return rebinding(host, options);
    };
    const error = await failure(
      { url: `http://rebind.test:${server.port}/`, connectTimeoutMs: 300, timeoutMs: 1_000 },
      ['192.0.2.0/24'],
      counting,
    );
    expect(error.code).toMatch(/^HTTP_(?:UNREACHABLE|TIMEOUT)$/);
    expect(asked).toBe(1);
    expect(server.requests).toEqual([]);
  });

  it('connects to the allowed ones of several addresses only', async () => {
    await using server = await serve((_, response) => json(response, {}));
    await using ctx = createTestContext({ egress: { allow: ['127.0.0.1'] } });
    expect(await callHttp(ctx, { url: `http://mixed.test:${server.port}/` }, answers(['10.255.255.1', '::1', '127.0.0.1']))).toMatchObject({
      status: 200,
    });
  });

  it('lets a name through that is allowed, on its port', async () => {
    await using server = await serve((_, response) => json(response, {}));
    await using ctx = createTestContext({ egress: { allow: [`*.internal:${server.port}`] } });
    const resolve = answers(['127.0.0.1']);
    expect(await callHttp(ctx, { url: `http://api.internal:${server.port}/` }, resolve)).toMatchObject({ status: 200 });
    await expect(callHttp(ctx, { url: `http://api.other:${server.port}/` }, resolve)).rejects.toMatchObject({ code: 'HTTP_EGRESS_DENIED' });
    await expect(callHttp(ctx, { url: `http://api.internal:${server.port + 1}/` }, resolve)).rejects.toMatchObject({
      code: 'HTTP_EGRESS_DENIED',
    });
  });

  it('denies everything that is not public where there is no context', async () => {
    await expect(callHttp(createTestContext(), { url: 'http://127.0.0.1:9/' })).rejects.toMatchObject({ code: 'HTTP_EGRESS_DENIED' });
  });

  it('with a wrong entry says which', async () => {
    expect(await failure({ url: 'http://example.org/' }, ['http://x/'])).toMatchObject({ code: 'EGRESS_INVALID' });
  });
});
