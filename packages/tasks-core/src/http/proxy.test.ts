import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { certificates } from '@summit/maestro-services';
import { describe, expect, it, vi } from 'vitest';
import { closedPort, json, serve } from '../../test/support/http.ts';
import type { Resolve } from '../egress/lookup.ts';
import { callHttp } from './call.ts';
import type { HttpRequestInput } from './schemas.ts';

/** A proxy that connects to this machine whatever name it is asked for, and remembers what it was asked. */
async function proxy(status = 200) {
  const asked: { to: string; authorization: string | undefined }[] = [];
  const sockets = new Set<Socket | Duplex>();
  const server = createServer();
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (request, client: Duplex) => {
    asked.push({ to: request.url ?? '', authorization: request.headers['proxy-authorization'] });
    client.on('error', () => {});
    if (status !== 200) return client.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    const port = Number(request.url?.split(':').at(-1));
    const onwards = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onwards.pipe(client).pipe(onwards);
    });
    sockets.add(onwards);
    onwards.on('error', () => client.destroy());
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function call(input: HttpRequestInput, allow: string[], resolve?: Resolve) {
  await using ctx = createTestContext({ egress: { allow } });
  return await callHttp(ctx, input, resolve);
}

const public4: Resolve = async () => [{ address: '192.0.2.7', family: 4 }];

describe('a proxy', () => {
  it('is asked for the address that was judged, with its own credentials', async () => {
    await using via = await proxy();
    await using server = await serve((_, response) => json(response, { through: true }));
    const output = await call(
      {
        url: `http://api.test:${server.port}/`,
        proxy: { url: via.url, username: 'me', password: 'a plain word' },
        headers: { authorization: 'Bearer x' },
      },
      [new URL(via.url).host, '192.0.2.0/24'],
      public4,
    );
    expect(output).toMatchObject({ json: { through: true } });
    expect(via.asked).toEqual([
      { to: `192.0.2.7:${server.port}`, authorization: `Basic ${Buffer.from('me:a plain word').toString('base64')}` },
    ]);
    expect(server.requests[0]?.headers).toMatchObject({ host: `api.test:${server.port}`, authorization: 'Bearer x' });
    expect(server.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('is asked for a name by name where the name is allowed, and speaks TLS through the tunnel', async () => {
    const { ca, server: keys } = await certificates();
    await using via = await proxy();
    await using server = await serve((_, response) => json(response, { through: true }), keys);
    const nobody: Resolve = () => Promise.reject(new Error('was asked'));
    const output = await call(
      { url: `https://localhost:${server.port}/`, proxy: { url: via.url }, tls: { ca } },
      ['127.0.0.1', 'localhost'],
      nobody,
    );
    expect(output).toMatchObject({ json: { through: true } });
    expect(via.asked).toMatchObject([{ to: `localhost:${server.port}` }]);
    await expect(
      call({ url: `https://localhost:${server.port}/`, proxy: { url: via.url } }, ['127.0.0.1', 'localhost']),
    ).rejects.toMatchObject({ code: 'HTTP_TLS' });
  });

  it('reaches nothing that is not allowed, and has to be allowed itself', async () => {
    await using via = await proxy();
    await expect(call({ url: 'http://10.0.0.1/', proxy: { url: via.url } }, ['127.0.0.1'])).rejects.toMatchObject({
      code: 'HTTP_EGRESS_DENIED',
      details: { host: '10.0.0.1' },
    });
    await expect(call({ url: 'http://8.8.8.8/', proxy: { url: via.url } }, [])).rejects.toMatchObject({
      code: 'HTTP_EGRESS_DENIED',
      details: { host: '127.0.0.1' },
    });
    expect(via.asked).toEqual([]);
  });

  it('is the one of the input: those of the environment are not read', async () => {
    await using via = await proxy();
    await using server = await serve((_, response) => json(response, { direct: true }));
    const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
    for (const name of names) vi.stubEnv(name, via.url);
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    try {
      expect(await call({ url: server.url }, ['127.0.0.1'])).toMatchObject({ json: { direct: true } });
      // What is judged is the target, and not a proxy that happens to be allowed.
      const denied = call({ url: 'http://10.0.0.1/' }, ['127.0.0.1']);
      await expect(denied).rejects.toMatchObject({ code: 'HTTP_EGRESS_DENIED', details: { host: '10.0.0.1' } });
      expect(via.asked).toEqual([]);
      vi.stubEnv('NO_PROXY', '*');
      await call({ url: server.url, proxy: { url: via.url } }, ['127.0.0.1']);
      expect(via.asked).toHaveLength(1);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('that refuses, or is not there, has a code', async () => {
    await using refusing = await proxy(407);
    await using busy = await proxy(503);
    const through = (url: string) => call({ method: 'POST', url: 'http://127.0.0.1:9/', proxy: { url } }, ['127.0.0.1']);
    await expect(through(refusing.url)).rejects.toMatchObject({
      code: 'HTTP_PROXY',
      retryable: false,
      message: expect.stringContaining('proxy.username'),
    });
    await expect(through(busy.url)).rejects.toMatchObject({ code: 'HTTP_PROXY', retryable: true });
    await expect(through(`http://127.0.0.1:${await closedPort()}`)).rejects.toMatchObject({ code: 'HTTP_UNREACHABLE', retryable: true });
  });
});
