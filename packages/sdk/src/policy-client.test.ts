import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { PolicyDeniedError, TimeoutError, TransientError } from './errors.ts';
import type { PolicyRequest } from './policy.ts';
import { PolicyClient } from './policy-client.ts';

const request: PolicyRequest = {
  subject: { type: 'user', id: 'olive', properties: { roles: ['sre'] } },
  action: { name: 'write', properties: { task: 'connectors/s3.put' } },
  resource: { type: 's3.object', id: 'bucket/key' },
  context: { run: 'r1' },
  purpose: 'incident',
  authority: 'ticket-1',
  license: 'internal',
};

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

interface Received {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: unknown;
}

/** A decision point that answers as told; resolves to its base URL and what it received. */
async function decisionPoint(answer: (response: ServerResponse) => void): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  server = createServer((incoming, response) => {
    let text = '';
    incoming.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    incoming.on('end', () => {
      received.push({ method: incoming.method, url: incoming.url, headers: incoming.headers, body: JSON.parse(text) as unknown });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

const says =
  (body: string, status = 200, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };

describe('PolicyClient', () => {
  it('posts the request as JSON and resolves to the decision', async () => {
    const { url, received } = await decisionPoint(says('{"decision":"allow"}'));
    expect(await new PolicyClient(url).evaluate(request)).toEqual({ decision: 'allow' });
    expect(received).toMatchObject([{ method: 'POST', url: '/policy/evaluate', body: request }]);
    expect(received[0]?.headers['content-type']).toBe('application/json');
  });

  it('resolves to a deny with its reason: that is an answer, and no error', async () => {
    const { url } = await decisionPoint(says('{"decision":"deny","reason":"outside business hours","more":1}'));
    expect(await new PolicyClient(url).evaluate(request)).toEqual({ decision: 'deny', reason: 'outside business hours' });
  });

  it('takes a reason of null as none', async () => {
    const { url } = await decisionPoint(says('{"decision":"allow","reason":null}'));
    expect(await new PolicyClient(url).evaluate(request)).toEqual({ decision: 'allow' });
  });

  it.each([
    ['', '/policy/evaluate'],
    ['/', '/policy/evaluate'],
    ['/sig/api', '/sig/api/policy/evaluate'],
    ['/sig/api//', '/sig/api/policy/evaluate'],
    ['/sig?tenant=7', '/sig/policy/evaluate?tenant=7'],
  ])('asks the base URL with the path "%s" at %s', async (path, expected) => {
    const { url, received } = await decisionPoint(says('{"decision":"allow"}'));
    await new PolicyClient(url + path).evaluate(request);
    expect(received[0]?.url).toBe(expected);
  });

  it('sends headers and the URL’s credentials, and shows neither', async () => {
    const { url, received } = await decisionPoint(says('', 403));
    const client = new PolicyClient(`${url.replace('http://', 'http://me:s3cret%21@')}?key=k3y`, {
      headers: { 'Content-Type': 'text/plain', 'X-Tenant': '7' },
    });
    const error = await client.evaluate(request).catch((thrown: unknown) => thrown);
    expect(received[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('me:s3cret!').toString('base64')}`,
      'content-type': 'application/json',
      'x-tenant': '7',
    });
    expect(String(error)).toContain(url);
    expect(String(error)).not.toMatch(/s3cret|k3y/);
  });

  describe('never allows', () => {
    it.each([
      ['nothing', '', 'nothing'],
      ['text', 'allow', 'allow'],
      ['a string', '"allow"', '"allow"'],
      ['a list', '["allow"]', '["allow"]'],
      ['null', 'null', 'null'],
      ['an empty object', '{}', '{}'],
      ['another word', '{"decision":"ALLOW"}', 'ALLOW'],
      ['true', '{"decision":true}', 'true'],
      ['a decision in the prototype', '{"__proto__":{"decision":"allow"}}', '__proto__'],
      ['a reason that is no text', '{"decision":"allow","reason":{"x":1}}', 'reason'],
      ['half an answer', '{"decision":"allow"', '{"decision"'],
      ['a page', `<html>${'x'.repeat(1_000)}</html>`, '<html>'],
    ])('for %s', async (_, body, found) => {
      const { url } = await decisionPoint(says(body));
      const error = await new PolicyClient(url).evaluate(request).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(PolicyDeniedError);
      expect(error).toMatchObject({ code: 'POLICY_ANSWER_INVALID', message: expect.stringContaining(found) as string });
      expect((error as Error).message.length).toBeLessThan(500);
    });

    it.each([
      [401, 'POLICY_REFUSED', PolicyDeniedError],
      [404, 'POLICY_REFUSED', PolicyDeniedError],
      [302, 'POLICY_REFUSED', PolicyDeniedError],
      [429, 'POLICY_UNAVAILABLE', TransientError],
      [500, 'POLICY_UNAVAILABLE', TransientError],
      [503, 'POLICY_UNAVAILABLE', TransientError],
    ])('for status %i, even when the body says allow', async (status, code, type) => {
      const { url, received } = await decisionPoint(says('{"decision":"allow"}', status, { 'retry-after': '3', location: '/elsewhere' }));
      const error = await new PolicyClient(url).evaluate(request).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(type);
      expect(error).toMatchObject({ code, message: expect.stringContaining(String(status)) as string });
      if (type === TransientError) expect(error).toMatchObject({ retryAfterMs: 3_000 });
      expect(received).toHaveLength(1);
    });

    it('when there is nobody', async () => {
      const { url } = await decisionPoint(says(''));
      await new Promise((resolve) => server?.close(resolve));
      server = undefined;
      const error = await new PolicyClient(url).evaluate(request).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TransientError);
      expect(error).toMatchObject({ code: 'POLICY_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') as string });
    });

    it('when the connection breaks in the middle of the answer', async () => {
      const { url } = await decisionPoint((response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"decision":"allow"}');
        setImmediate(() => response.destroy());
      });
      await expect(new PolicyClient(url).evaluate(request)).rejects.toMatchObject({ code: 'POLICY_UNREACHABLE' });
    });

    it('when the answer is no HTTP', async () => {
      const tcp = createTcpServer((socket) => socket.resume().end('{"decision":"allow"}\r\n\r\n'));
      await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
      try {
        const client = new PolicyClient(`http://127.0.0.1:${(tcp.address() as AddressInfo).port}`);
        await expect(client.evaluate(request)).rejects.toMatchObject({ code: 'POLICY_UNREACHABLE' });
      } finally {
        await new Promise((resolve) => tcp.close(resolve));
      }
    });

    it.each([
      ['no answer', () => {}],
      ['an answer that does not end', (response: ServerResponse) => response.writeHead(200).write('{"decision":')],
    ])('after the timeout, for %s', async (_, answer) => {
      const { url } = await decisionPoint(answer);
      const error = await new PolicyClient(url, { timeoutMs: 50 }).evaluate(request).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({ code: 'POLICY_TIMEOUT', message: expect.stringContaining('50 ms') as string });
    });

    it('for an answer that would fill the memory', async () => {
      const { url } = await decisionPoint((response) => {
        response.writeHead(200);
        const flood = () => {
          while (response.write(' '.repeat(64 * 1024)));
          response.once('drain', flood);
        };
        flood();
      });
      await expect(new PolicyClient(url).evaluate(request)).rejects.toMatchObject({ code: 'POLICY_ANSWER_INVALID' });
    });
  });

  it('ends with the caller’s reason when the caller aborts, before or during', async () => {
    const { url, received } = await decisionPoint(() => controller.abort(new Error('cancelled')));
    const controller = new AbortController();
    await expect(new PolicyClient(url).evaluate(request, { signal: controller.signal })).rejects.toThrow('cancelled');
    await expect(new PolicyClient(url).evaluate(request, { signal: controller.signal })).rejects.toThrow('cancelled');
    expect(received).toHaveLength(1);
  });

  it.each(['', 'sig.example', 'ftp://sig.example', 'file:///etc/passwd', 'http://'])('refuses the base URL "%s"', (url) => {
    expect(() => new PolicyClient(url)).toThrow(expect.objectContaining({ code: 'POLICY_URL_INVALID' }));
  });

  it('refuses a timeout that is none', () => {
    expect(() => new PolicyClient('http://localhost', { timeoutMs: 0 })).toThrow('timeoutMs');
  });
});
