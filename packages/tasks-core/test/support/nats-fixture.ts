import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { TaskFixture } from '@summit/maestro-sdk/testing';
import { nats } from '@summit/maestro-services';

const subject = 'conformance.nats';

/** How the conformance suite calls `connectors/nats.publish`. */
export async function natsFixture(): Promise<TaskFixture> {
  const { url, token, password } = await nats();
  // Says nothing; not a proxy, whose connection to the server would count as one that was left open.
  const silent = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  silent.unref();
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  return {
    payload: () => ({ servers: url, subject, messages: ['a', { data: { b: 1 }, headers: { c: 'd' } }] }),
    stuck: () => ({ payload: { servers: `127.0.0.1:${port}`, subject, messages: ['a'] }, started: once(silent, 'connection') }),
    failing: () => [
      { servers: token.url, auth: 'token', subject, messages: ['a'] },
      { servers: password.url, auth: 'user', subject, messages: ['a'] },
      { servers: password.url, auth: 'nkey', subject, messages: ['a'] },
      { servers: url, auth: 'creds', subject, messages: ['a'] },
      { servers: '127.0.0.1:1', auth: 'token', subject, messages: ['a'] },
    ],
  };
}
