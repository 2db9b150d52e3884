import { once } from 'node:events';
import { request } from 'node:https';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { certificates, kafka, kafkaBehindProxy, nats, postgres, s3 } from '@summit/maestro-services';
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';

/** Each server answers, and refuses what it has to refuse. Raw clients where the protocol is simple enough. */

const HOST = '127.0.0.1';

/** The first line of a NATS server, and its answer to a PING after these options. */
async function natsAnswer(url: string, options: object): Promise<[info: string, answer: string]> {
  const socket = connect(Number(new URL(url).port), HOST);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const { value: info } = await lines.next();
  socket.write(`CONNECT ${JSON.stringify({ verbose: false, ...options })}\r\nPING\r\n`);
  const { value: answer } = await lines.next();
  socket.destroy();
  return [info, answer];
}

test('NATS answers, with JetStream, to those whom it knows', async () => {
  const { url, password, token, jwt } = await nats();
  const [info, answer] = await natsAnswer(url, {});
  expect(JSON.parse(info.slice('INFO '.length))).toMatchObject({ jetstream: true });
  expect(answer).toBe('PONG');
  expect(await natsAnswer(password.url, {})).toContain("-ERR 'Authorization Violation'");
  expect(await natsAnswer(password.url, { user: password.user, pass: password.password })).toContain('PONG');
  expect(await natsAnswer(token.url, { auth_token: 'another' })).toContain("-ERR 'Authorization Violation'");
  expect(await natsAnswer(token.url, { auth_token: token.token })).toContain('PONG');
  expect(await natsAnswer(jwt.url, { jwt: jwt.jwt })).toContain("-ERR 'Authorization Violation'");
});

test('PostgreSQL takes plain and encrypted connections', async () => {
  const { port, tls } = await postgres();
  const socket = connect(port, HOST);
  // SSLRequest: its length and its code. `S` means: go on with TLS.
  socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
  const [answer] = await once(socket, 'data');
  expect(`${answer}`).toBe('S');
  const encrypted = connectTls({ socket, ca: tls.ca, servername: 'localhost' });
  await once(encrypted, 'secureConnect');
  expect(encrypted.authorized).toBe(true);
  encrypted.destroy();
});

test('S3 answers over HTTP and HTTPS, and wants a signature', async () => {
  const { endpoint, tls } = await s3();
  const plain = await fetch(endpoint);
  expect(plain.status).toBe(403);
  expect(await plain.text()).toContain('<Code>AccessDenied</Code>');
  const [secure] = await once(request(tls.endpoint, { ca: tls.ca }).end(), 'response');
  expect(secure.statusCode).toBe(403);
  secure.resume();
});

test('Kafka knows its users, keeps them from what is forbidden, and can be reached through a proxy alone', async () => {
  const { brokers, tls, sasl, saslTls } = await kafka();
  const client = (options: object) => new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 0 }, ...options });
  const { username, password, limited, forbiddenPrefix } = sasl;
  const [topic, forbidden] = ['', forbiddenPrefix].map((prefix) => `${prefix}services-${process.pid}-${Date.now()}`) as [string, string];
  const admin = client({}).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic }, { topic: forbidden }] });

  const send = async (options: object, to: string) => {
    const producer = client(options).producer();
    try {
      await producer.connect();
      const [sent] = await producer.send({ topic: to, messages: [{ value: 'x' }] });
      return sent?.baseOffset;
    } catch (error) {
      return (error as Error).message;
    } finally {
      await producer.disconnect();
    }
  };
  const as = (user: { username: string; password: string }, mechanism: string) => ({
    brokers: sasl.brokers,
    sasl: { mechanism, username: user.username, password: user.password },
  });
  expect(await send({}, topic)).toBe('0');
  expect(await send({ brokers: tls.brokers, ssl: { ca: tls.ca, cert: tls.cert, key: tls.key } }, topic)).toBe('1');
  expect(await send(as(sasl, 'plain'), forbidden)).toBe('0');
  expect(await send(as(sasl, 'scram-sha-256'), topic)).toBe('2');
  expect(await send(as(limited, 'scram-sha-512'), topic)).toBe('3');
  expect(await send(as(limited, 'plain'), forbidden)).toMatch(/[Aa]uthoriz/);
  expect(await send(as({ username, password: 'wrong' }, 'plain'), topic)).toContain('Invalid username or password');
  const encrypted = { brokers: saslTls.brokers, ssl: { ca: saslTls.ca }, sasl: { mechanism: 'plain', username, password } };
  expect(await send(encrypted, topic)).toBe('4');

  const behind = await kafkaBehindProxy();
  expect(await send({ brokers: behind.brokers }, topic)).toBe('5');
  const cluster = client({ brokers: behind.brokers }).admin();
  await cluster.connect();
  expect((await cluster.describeCluster()).brokers).toMatchObject([{ host: HOST, port: behind.proxy.port }]);
  await cluster.disconnect();
  await behind.proxy.down();
  expect(await send({ brokers: behind.brokers }, topic)).toContain('ECONNREFUSED');
  await behind.proxy.close();

  await admin.deleteTopics({ topics: [topic, forbidden] });
  await admin.disconnect();
});

test('the certificates are what they are said to be', async () => {
  const { tls, mutualTls } = await nats();
  const { client, stranger, strangerCa, wrongName, expired, server } = await certificates();
  expect(new Set([client, stranger, wrongName, expired, server].map(({ cert }) => cert)).size).toBe(5);

  /** How the handshake with a NATS server ends for a client with these options. */
  const handshake = async (to: string, options: object): Promise<string> => {
    const plain = connect(Number(new URL(to).port), HOST);
    await once(plain, 'data');
    const socket: TLSSocket = connectTls({ socket: plain, servername: 'localhost', ...options });
    return new Promise((resolve) => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code}`));
      socket.on('close', () => resolve('closed'));
      socket.on('secureConnect', () => socket.write('CONNECT {"verbose":false}\r\nPING\r\n'));
      socket.on('data', (data) => {
        resolve(`${data}`.trim());
        socket.destroy();
      });
    });
  };
  expect(await handshake(tls.url, { ca: tls.ca })).toBe('PONG');
  expect(await handshake(tls.url, { ca: strangerCa })).toMatch(/SELF_SIGNED_CERT|UNABLE_TO_VERIFY/);
  expect(await handshake(tls.url, { ca: tls.ca, servername: 'other.example' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(await handshake(mutualTls.url, { ca: tls.ca, cert: mutualTls.cert, key: mutualTls.key })).toBe('PONG');
  expect(await handshake(mutualTls.url, { ca: tls.ca, ...stranger })).toMatch(/^ERR_SSL_TLSV1_ALERT|closed|ECONNRESET/);
});
