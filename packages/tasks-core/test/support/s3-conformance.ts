import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { TaskFixture } from '@summit/maestro-sdk/testing';
import { testBucket } from './s3.ts';

/** How the conformance suite calls `s3.get` and `s3.put`. */
export async function s3Fixtures(): Promise<{ get: TaskFixture; put: TaskFixture; close(): Promise<void> }> {
  const bucket = await testBucket();
  const silent = await silentServer();
  await bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key: 'hello.txt', Body: 'hello' }));
  const { credentials, ...place } = bucket.base;
  const shared = { effects: () => bucket.objects() };
  const stuck = (more: object) => () => ({ payload: { ...bucket.base, ...more, endpoint: silent.endpoint }, started: silent.connected() });
  // With the secrets of the context in hand, which are nobody's keys.
  const failing = (more: object) => () => [
    { ...place, ...more },
    { ...place, ...more, region: 'xx-nowhere-1' },
    { ...place, ...more, endpoint: 'http://127.0.0.1:1' },
    { ...place, ...more, credentials: { ...credentials, secretAccessKey: 'canary-AWS_SECRET_ACCESS_KEY-7f3a91c4e0' } },
  ];
  return {
    get: {
      ...shared,
      payload: () => ({ ...bucket.base, key: 'hello.txt' }),
      stuck: stuck({ key: 'hello.txt' }),
      failing: failing({ key: 'hello.txt' }),
    },
    put: {
      ...shared,
      payload: () => ({ ...bucket.base, key: 'new.json', body: { hello: 'world' } }),
      stuck: stuck({ key: 'new.json', body: 'x' }),
      failing: failing({ key: 'new.json', body: 'x' }),
    },
    async close() {
      await silent.close();
      await bucket[Symbol.asyncDispose]();
    },
  };
}

/** Accepts connections and says nothing. */
async function silentServer() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connected: () => once(server, 'connection'),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
