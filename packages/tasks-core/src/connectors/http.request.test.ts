import { randomBytes } from 'node:crypto';
import { createServer as createTcpServer } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { RunContext } from '@summit/maestro-sdk';
import { createTestContext, type TestContext } from '@summit/maestro-sdk/testing';
import { describe, expect, it } from 'vitest';
import { json, serve, type TestServer } from '../../test/support/http.ts';
import type { HttpRequestInput } from '../http/schemas.ts';
import { httpRequest } from './http.request.ts';

const LOCAL = { egress: { allow: ['127.0.0.1', 'localhost'] } };

async function request(input: HttpRequestInput, ctx: RunContext = createTestContext(LOCAL)) {
  const own = ctx as TestContext;
  try {
    return (await httpRequest.execute(ctx, { payload: input })).payload;
  } finally {
    await own.closeClients();
  }
}

const failure = (input: HttpRequestInput, ctx?: RunContext) =>
  request(input, ctx).then(
    (output) => Promise.reject(new Error(`succeeded: ${JSON.stringify(output)}`)),
    (error: unknown) => error as Error & { code: string; retryable: boolean; retryAfterMs?: number; details?: unknown },
  );

describe('a request', () => {
  it('sends method, query, headers and JSON, and hands on status, headers and JSON', async () => {
    await using server = await serve((_, response) => json(response, { id: 7 }, 201, { 'x-rate': '9', 'set-cookie': 'session=1' }));
    const output = await request({
      method: 'POST',
      url: `${server.url}/orders?a=1#part`,
      query: { tag: ['x', 'y z'], n: 2, ok: true },
      headers: { Authorization: 'Bearer abc' },
      body: { item: 7 },
    });
    expect(output).toMatchObject({ status: 201, json: { id: 7 }, headers: { 'x-rate': '9', 'content-type': 'application/json' } });
    expect(output.headers).not.toHaveProperty('set-cookie');
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        url: '/orders?a=1&tag=x&tag=y+z&n=2&ok=true',
        headers: { authorization: 'Bearer abc', 'content-type': 'application/json', 'user-agent': 'maestro' },
        body: '{"item":7}',
      },
    ]);
  });

  it.each([
    ['a text', { body: 'héllo' }, 'text/plain; charset=utf-8', 'héllo'],
    ['a text of a type of its own', { body: '<a/>', headers: { 'Content-Type': 'application/xml' } }, 'application/xml', '<a/>'],
    ['a list', { body: [1, 'a'] }, 'application/json', '[1,"a"]'],
    ['null', { body: null }, 'application/json', 'null'],
    ['a form', { form: { a: 1, b: ['x', '&'] } }, 'application/x-www-form-urlencoded', 'a=1&b=x&b=%26'],
  ])('sends %s', async (_, input, contentType, body) => {
    await using server = await serve((_seen, response) => response.writeHead(204).end());
    expect(await request({ method: 'POST', url: server.url, ...(input as Partial<HttpRequestInput>) })).toMatchObject({ status: 204 });
    expect(server.requests[0]).toMatchObject({ body, headers: { 'content-type': contentType } });
  });

  it('streams an artifact there and back', async () => {
    await using ctx = createTestContext(LOCAL);
    const bytes = randomBytes(3_000_000);
    const artifact = await ctx.artifacts.put(bytes, { name: 'a.bin', contentType: 'application/zip' });
    await using echo = await serve((seen, response) => {
      response.writeHead(200, {
        'content-type': seen.headers['content-type'] as string,
        'content-disposition': 'attachment; filename="../b.bin"',
      });
      response.end(bytes);
    });
    const output = await request({ method: 'PUT', url: echo.url, body: artifact, as: 'artifact' }, ctx);
    expect(echo.requests[0]?.headers).toMatchObject({ 'content-length': '3000000', 'content-type': 'application/zip' });
    expect(output.artifact).toMatchObject({ sha256: artifact.sha256, size: 3_000_000, name: 'b.bin', contentType: 'application/zip' });
  });

  it.each([
    ['application/json; charset=utf-8', '[1]', 'auto', { json: [1] }],
    ['application/problem+json', '{}', 'auto', { json: {} }],
    ['text/csv', 'a,b', 'auto', { body: 'a,b' }],
    ['application/atom+xml', '<a/>', 'auto', { body: '<a/>' }],
    ['text/plain; charset=latin1', Buffer.from([0xe9]), 'auto', { body: 'é' }],
    ['image/png', Buffer.from([1, 2]), 'auto', { artifact: { size: 2, contentType: 'image/png' } }],
    ['application/json', '', 'auto', {}],
    ['text/plain', '{"a":1}', 'json', { json: { a: 1 } }],
    ['image/png', Buffer.from([1, 2]), 'base64', { body: 'AQI=' }],
    ['application/json', '{"a":1}', 'text', { body: '{"a":1}' }],
    ['application/json', '{"a":1}', 'artifact', { artifact: { size: 7 } }],
  ] as const)('%s %j, as %s', async (contentType, body, as, expected) => {
    await using server = await serve((_, response) => response.writeHead(200, { 'content-type': contentType }).end(body));
    const { status, headers, ...received } = await request({ url: server.url, as });
    expect(status).toBe(200);
    expect(headers).toBeDefined();
    expect(received).toMatchObject(expected);
    expect(Object.keys(received)).toEqual(Object.keys(expected));
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
    ['br, gzip', (data: Buffer) => gzipSync(brotliCompressSync(data))],
  ] as const)('decompresses %s', async (encoding, compress) => {
    await using server = await serve((seen, response) => {
      expect(seen.headers['accept-encoding']).toBe('gzip, deflate, br, zstd');
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': encoding }).end(compress(Buffer.from('hello')));
    });
    expect(await request({ url: server.url })).toMatchObject({ body: 'hello' });
  });

  it('of HEAD has headers only', async () => {
    await using server = await serve((_, response) =>
      response.writeHead(200, { 'content-length': '99999999', 'content-encoding': 'gzip' }).end(),
    );
    expect(await request({ method: 'HEAD', url: server.url })).toEqual({
      status: 200,
      headers: expect.objectContaining({ 'content-length': '99999999' }),
    });
  });

  it.each([true, 'X-Request-Id'])('carries the idempotency key of the step: %s', async (idempotencyKey) => {
    await using server = await serve((_, response) => response.writeHead(503).end());
    const ctx = createTestContext({ ...LOCAL, idempotencyKey: 'run-1/pay' });
    const error = await failure({ method: 'POST', url: server.url, body: {}, idempotencyKey }, ctx);
    expect(error).toMatchObject({ code: 'HTTP_STATUS', retryable: true });
    expect(server.requests[0]?.headers).toMatchObject({ [idempotencyKey === true ? 'idempotency-key' : 'x-request-id']: 'run-1/pay' });
  });
});

describe('a response that is not expected', () => {
  it.each([
    ['GET', 429, true],
    ['GET', 503, true],
    ['PUT', 502, true],
    ['DELETE', 504, true],
    ['GET', 500, false],
    ['GET', 404, false],
    ['POST', 503, false],
    ['PATCH', 429, false],
  ] as const)('%s %i: worth another attempt: %s', async (method, status, retryable) => {
    await using server = await serve((_, response) => response.writeHead(status, { 'retry-after': '7' }).end('try later'));
    const error = await failure({ method, url: `${server.url}/secret-path` });
    expect(error).toMatchObject({ code: 'HTTP_STATUS', retryable, details: { status, body: 'try later' } });
    expect(error.message).toContain(`${method} ${server.url} answered ${status}: try later`);
    expect(error.message).not.toContain('secret-path');
    if (retryable) expect(error.retryAfterMs).toBe(7_000);
    if (method === 'POST') expect(error.message).toMatch(/its effect may have happened; give an idempotencyKey/);
  });

  it.each([
    [401, 'HTTP_UNAUTHORIZED'],
    [403, 'HTTP_FORBIDDEN'],
  ])('%i has a code of its own, and does not repeat the credentials that the server repeats', async (status, code) => {
    await using server = await serve((seen, response) =>
      json(response, { error: 'bad token', saw: seen.headers['x-custom'] }, status, {
        'www-authenticate': `Bearer ${String(seen.headers.authorization)}`,
      }),
    );
    const error = await failure({ url: server.url, headers: { authorization: 'Bearer hunter2-token', 'x-custom': 'hunter2-custom' } });
    expect(error).toMatchObject({ code, retryable: false });
    expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
    expect(error.message).toContain('bad token');
  });

  it('is a matter of what is expected', async () => {
    await using server = await serve((seen, response) => json(response, {}, Number(seen.url.slice(1))));
    const get = (status: number, expected: (number | string)[]) =>
      request({ url: `${server.url}/${status}`, expect: { status: expected } });
    expect(await get(404, [200, 404])).toMatchObject({ status: 404 });
    expect(await get(204, ['200-204'])).toMatchObject({ status: 204 });
    expect(await get(418, ['4xx'])).toMatchObject({ status: 418 });
    expect(await get(302, ['2xx-3xx'])).toMatchObject({ status: 302 });
    await expect(get(200, [201])).rejects.toMatchObject({ code: 'HTTP_STATUS' });
  });

  it('in its media type is an error', async () => {
    await using server = await serve((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Log in</h1>'));
    const input = { url: server.url, expect: { contentType: ['application/json', 'image/*'] } };
    expect(await failure(input)).toMatchObject({
      code: 'HTTP_CONTENT_TYPE',
      message: `GET ${server.url} answered with the content type "text/html"; expected application/json or image/*`,
    });
    expect(await request({ ...input, expect: { contentType: ['text/*'] } })).toMatchObject({ status: 200 });
  });

  it.each([
    ['JSON that is none', { 'content-type': 'application/json' }, '{"a":', 'HTTP_BODY_MALFORMED'],
    ['text in another charset', { 'content-type': 'text/plain' }, Buffer.from([0xff, 0xfe, 0xfd]), 'HTTP_BODY_MALFORMED'],
    ['gzip that is none', { 'content-encoding': 'gzip' }, 'not gzip', 'HTTP_BODY_MALFORMED'],
    ['gzip that ends early', { 'content-encoding': 'gzip' }, gzipSync('x'.repeat(1000)).subarray(0, 20), 'HTTP_BODY_MALFORMED'],
    ['brotli that is none', { 'content-encoding': 'br' }, 'not brotli', 'HTTP_BODY_MALFORMED'],
    ['zstd that is none', { 'content-encoding': 'zstd' }, 'not zstandard', 'HTTP_BODY_MALFORMED'],
    ['an encoding nobody asked for', { 'content-encoding': 'compress' }, 'x', 'HTTP_BODY_MALFORMED'],
    ['more than is carried inline', { 'content-type': 'text/plain' }, 'x'.repeat(300_000), 'HTTP_TOO_LARGE'],
    [
      'a little that unpacks to a lot',
      { 'content-type': 'text/plain', 'content-encoding': 'gzip' },
      gzipSync(Buffer.alloc(50_000_000)),
      'HTTP_TOO_LARGE',
    ],
  ])('%s', async (_, headers, body, code) => {
    await using server = await serve((_seen, response) => response.writeHead(200, headers as Record<string, string>).end(body));
    const error = await failure({ url: server.url });
    expect(error).toMatchObject({ code, retryable: false });
    if (code === 'HTTP_TOO_LARGE') expect(error.message).toContain('as: artifact');
  });

  it('in its size, also as an artifact', async () => {
    await using server = await serve((_, response) => response.writeHead(200, { 'transfer-encoding': 'chunked' }).end('x'.repeat(5_000)));
    const input = { url: server.url, as: 'artifact' as const, expect: { maxBytes: 4_999 } };
    expect(await failure(input)).toMatchObject({ code: 'HTTP_TOO_LARGE', message: expect.stringContaining('raise expect.maxBytes') });
    expect(await request({ ...input, expect: { maxBytes: 5_000 } })).toMatchObject({ artifact: { size: 5_000 } });
  });

  it('in its protocol', async () => {
    const server = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    expect(await failure({ url: `http://127.0.0.1:${port}` })).toMatchObject({ code: 'HTTP_RESPONSE_MALFORMED' });
    server.close();
  });
});

describe('redirects', () => {
  const redirecting = (location: () => string, status = 302): Promise<TestServer> =>
    serve((seen, response) =>
      seen.url === '/end' ? json(response, { seen }) : response.writeHead(status, { location: location() }).end(),
    );

  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [302, 'PUT', 'PUT'],
    [307, 'POST', 'POST'],
    [308, 'PUT', 'PUT'],
  ] as const)('%i of a %s is followed with %s', async (status, method, then) => {
    await using server = await redirecting(() => '/end', status);
    await request({
      method,
      url: `${server.url}/start`,
      ...(method === 'HEAD' ? {} : { body: { a: 1 } }),
      headers: { authorization: 'Bearer x' },
    });
    const [, second] = server.requests;
    expect(second).toMatchObject({ method: then, url: '/end', headers: { authorization: 'Bearer x' } });
    if (then === 'GET') {
      expect(second?.body).toBe('');
      expect(second?.headers).not.toHaveProperty('content-type');
    } else if (then !== 'HEAD') expect(second?.body).toBe('{"a":1}');
  });

  it('send an artifact again', async () => {
    await using ctx = createTestContext(LOCAL);
    const artifact = await ctx.artifacts.put('content');
    await using server = await redirecting(() => '/end', 307);
    await request({ method: 'PUT', url: `${server.url}/start`, body: artifact }, ctx);
    expect(server.requests.map(({ body }) => body)).toEqual(['content', 'content']);
  });

  it('to another origin take no credentials along, whatever they are called', async () => {
    await using other = await serve((_, response) => json(response, {}));
    await using server = await redirecting(() => `${other.url}/end`);
    await request({
      url: `${server.url}/start`,
      headers: { authorization: 'Bearer x', cookie: 'a=b', 'x-api-key': 'k', 'Private-Token': 't', accept: 'text/csv' },
      idempotencyKey: true,
    });
    expect(server.requests[0]?.headers).toMatchObject({ 'x-api-key': 'k', 'private-token': 't' });
    const { headers } = other.requests[0] as (typeof other.requests)[number];
    expect(Object.keys(headers).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
    expect(headers.accept).toBe('text/csv');
  });

  it('are refused with a body to another origin, and are judged by the egress rules', async () => {
    await using other = await serve((_, response) => json(response, {}));
    await using server = await redirecting(() => `${other.url}/end`, 307);
    expect(await failure({ method: 'POST', url: server.url, body: { password: 'x' } })).toMatchObject({
      code: 'HTTP_REDIRECT_REFUSED',
      retryable: false,
    });
    const narrow = createTestContext({ egress: { allow: [`127.0.0.1:${server.port}`] } });
    expect(await failure({ url: server.url }, narrow)).toMatchObject({
      code: 'HTTP_EGRESS_DENIED',
      details: { host: '127.0.0.1', port: other.port },
    });
    expect(other.requests).toEqual([]);
  });

  it('end', async () => {
    await using server = await redirecting(() => '/again');
    expect(await failure({ url: server.url })).toMatchObject({
      code: 'HTTP_REDIRECT_LIMIT',
      message: expect.stringContaining('more than 5 redirects'),
    });
    expect(server.requests).toHaveLength(6);
    expect(await request({ url: server.url, maxRedirects: 0, expect: { status: [302] } })).toMatchObject({
      status: 302,
      headers: { location: '/again' },
    });
  });

  it.each(['ftp://127.0.0.1/', 'javascript:alert(1)', 'http://user:pw@127.0.0.1/', 'http://[', 'file:///etc/passwd'])(
    'to %s are refused',
    async (location) => {
      await using server = await redirecting(() => location);
      expect(await failure({ url: server.url })).toMatchObject({ code: 'HTTP_REDIRECT_INVALID' });
    },
  );
});

describe('input that is wrong', () => {
  it.each([
    [{ url: 'ftp://example.org/' }, 'HTTP_URL_INVALID'],
    [{ url: '/items' }, 'HTTP_URL_INVALID'],
    [{ url: 'https://me:hunter2@example.org/' }, 'HTTP_URL_INVALID'],
    [{ url: 'http://256.1.1.1/hunter2' }, 'HTTP_URL_INVALID'],
    [{ headers: { 'X-A': 'hunter2\n' } }, 'HTTP_HEADER_INVALID'],
    [{ headers: { 'X-A': 'hunter2\r\nX-B: 1' } }, 'HTTP_HEADER_INVALID'],
    [{ headers: { 'a b': '1' } }, 'HTTP_HEADER_INVALID'],
    [{ headers: { Host: 'internal' } }, 'HTTP_HEADER_INVALID'],
    [{ headers: { 'Content-Length': '1' } }, 'HTTP_HEADER_INVALID'],
    [{ headers: { 'Transfer-Encoding': 'chunked' } }, 'HTTP_HEADER_INVALID'],
    [{ headers: { Accept: 'a', accept: 'b' } }, 'HTTP_HEADER_INVALID'],
    [{ body: 'x' }, 'INVALID_INPUT'],
    [{ method: 'POST', body: 'x', form: { a: 1 } }, 'INVALID_INPUT'],
    [{ method: 'POST', paginate: { by: 'link' } }, 'INVALID_INPUT'],
    [{ as: 'text', paginate: { by: 'link' } }, 'INVALID_INPUT'],
    [{ url: 'https://example.org/', tls: false }, 'INVALID_INPUT'],
    [{ tls: { ca: 'no PEM' } }, 'TLS_INVALID'],
  ] as [Partial<HttpRequestInput>, string][])('%j: %s', async (input, code) => {
    const error = await failure({ url: 'http://127.0.0.1:9/', ...input });
    expect(error).toMatchObject({ code, retryable: false });
    expect(error.message).not.toContain('hunter2');
  });
});
