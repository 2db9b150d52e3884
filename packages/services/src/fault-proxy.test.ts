import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FaultProxy, faultProxy } from './fault-proxy.ts';

/** Long enough for anything local to arrive, where a test shows that nothing does. */
const QUIET_MS = 100;

let server: Server;
let proxy: FaultProxy;
/** Everything the server received. */
let received: string;
const clients: Socket[] = [];

beforeEach(async () => {
  received = '';
  // Answers each piece with itself, and an end with an end.
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      received += data.toString('latin1');
      socket.write(data);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  proxy = await faultProxy('127.0.0.1', (server.address() as AddressInfo).port);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  await new Promise((done) => server.close(done));
});

async function client(): Promise<Socket> {
  const socket = connect(proxy.port, proxy.host);
  clients.push(socket);
  await once(socket, 'connect');
  return socket;
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [data] = await once(socket, 'data');
  return `${data}`;
}

/** The code of the error that the socket ends with; undefined for an orderly end. */
const broken = (socket: Socket): Promise<string | undefined> =>
  new Promise((resolve) => {
    let code: string | undefined;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code;
    });
    socket.on('close', () => resolve(code));
  });

test('passes bytes on, in both directions, to the last one', async () => {
  const socket = await client();
  const bytes = Buffer.alloc(8 * 1024 * 1024, 'abc');
  let back = 0;
  socket.on('data', (data) => {
    back += data.length;
  });
  socket.end(bytes);
  await once(socket, 'close');
  expect(back).toBe(bytes.length);
  expect(proxy).toMatchObject({ connections: 0, accepted: 1 });
});

test('down drops what is connected and refuses what comes; up listens on the same port again', async () => {
  const first = await client();
  const end = broken(first);
  expect(await echo(first, 'a')).toBe('a');
  await proxy.down();
  expect(await end).toBe('ECONNRESET');
  await expect(client()).rejects.toThrow('ECONNREFUSED');
  const { port } = proxy;
  await proxy.up();
  expect(proxy.port).toBe(port);
  expect(await echo(await client(), 'b')).toBe('b');
});

test('silence keeps and accepts connections but lets nothing through, until it is up', async () => {
  const old = await client();
  expect(await echo(old, 'a')).toBe('a');
  proxy.silence();
  const fresh = await client();
  const answers = Promise.all([echo(old, 'b'), echo(fresh, 'c')]);
  await sleep(QUIET_MS);
  expect(received).toBe('a');
  await proxy.up();
  expect(await answers).toEqual(['b', 'c']);
});

test('loseReplies lets requests through and keeps the answers', async () => {
  const socket = await client();
  expect(await echo(socket, 'a')).toBe('a');
  proxy.loseReplies();
  const answer = echo(socket, 'b');
  await expect.poll(() => received).toBe('ab');
  await sleep(QUIET_MS);
  expect(socket.bytesRead).toBe(1);
  await proxy.up();
  expect(await answer).toBe('b');
});

test('cut after lost replies: the client never hears of work that was done', async () => {
  const socket = await client();
  proxy.loseReplies();
  const end = broken(socket);
  socket.write('work');
  await expect.poll(() => received).toBe('work');
  proxy.cut();
  expect(await end).toBe('ECONNRESET');
  expect(socket.bytesRead).toBe(0);
});

test('cut resets connections of now, not later ones', async () => {
  const sockets = [await client(), await client()];
  const ends = sockets.map(broken);
  await expect.poll(() => proxy.connections).toBe(2);
  proxy.cut();
  expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'ECONNRESET']);
  await expect.poll(() => proxy.connections).toBe(0);
  expect(await echo(await client(), 'x')).toBe('x');
});

test('cutAfter resets a connection in the middle of what its client sends', async () => {
  proxy.cutAfter(1_000_000);
  const socket = await client();
  const end = broken(socket);
  socket.resume().write(Buffer.alloc(4_000_000));
  expect(await end).toMatch(/ECONNRESET|EPIPE/);
  expect(received.length).toBeLessThanOrEqual(1_000_000);
  proxy.cutAfter(Number.POSITIVE_INFINITY);
  expect(await echo(await client(), 'x')).toBe('x');
});

test('delay holds each piece, there and back', async () => {
  proxy.delay(60);
  const socket = await client();
  const begin = performance.now();
  expect(await echo(socket, 'slow')).toBe('slow');
  expect(performance.now() - begin).toBeGreaterThanOrEqual(118);
});

test('a server that refuses connections has its clients reset', async () => {
  const lost = await faultProxy('127.0.0.1', 1);
  const socket = connect(lost.port, lost.host);
  expect(await broken(socket)).toBe('ECONNRESET');
  await lost.close();
});

test('closes with connections open, and twice', async () => {
  const socket = await client();
  const end = broken(socket);
  proxy.silence();
  socket.write('never answered');
  await proxy.close();
  await proxy.close();
  expect(await end).toBe('ECONNRESET');
});
