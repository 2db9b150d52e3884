import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { type DeclaredTask, isTaskError, type RunContext } from '@summit/maestro-sdk';
import { createTestContext, startSigSandbox, type TestContextOptions } from '@summit/maestro-sdk/testing';
import { type FaultProxy, faultProxy, kafkaBehindProxy, kafka as kafkaServer, nats as natsServers } from '@summit/maestro-services';
import {
  dbExecute,
  dbQuery,
  httpRequest,
  kafkaPublish,
  natsPublish,
  notifySlack,
  s3Get,
  s3Put,
  sigIngest,
} from '@summit/maestro-tasks-core';
import { connect } from 'nats';
import { describe, expect, it } from 'vitest';
import { testDatabase } from './support/database.ts';
import { json, serve } from './support/http.ts';
import { makeTopic, readTopic } from './support/kafka.ts';
import { testBucket } from './support/s3.ts';

/** How long a server is away, in milliseconds: it is restarted, or another one takes over. */
const OUTAGE_MS = 5_000;

type AnyTask = Pick<DeclaredTask, 'name' | 'retry'> & {
  execute(ctx: RunContext, given: { payload: never }): Promise<{ payload: unknown }>;
};

/** Executes a task as an engine does: attempts by the retry that the task declares, under the same idempotency key. */
async function attempts(task: AnyTask, given: RunContext, payload: object): Promise<{ output: unknown; attempts: number }> {
  const { maxAttempts = 1, initialInterval = 1_000, maxInterval = 60_000, factor = 2 } = task.retry ?? {};
  for (let attempt = 1; ; attempt++) {
    try {
      const { payload: output } = await task.execute({ ...given, attempt }, { payload: payload as never });
      return { output, attempts: attempt };
    } catch (error) {
      if (!isTaskError(error) || !error.retryable || attempt >= maxAttempts) throw error;
      await sleep(error.retryAfterMs ?? Math.min(maxInterval, initialInterval * factor ** (attempt - 1)));
    }
  }
}

/** Executes a task whose server is down, and comes back while the task is tried. */
async function throughOutage(task: AnyTask, proxy: FaultProxy, payload: object, options: TestContextOptions = {}) {
  await using ctx = createTestContext({
    idempotencyKey: `outage-${process.pid}/${task.name}`,
    egress: { allow: ['127.0.0.1'] },
    ...options,
  });
  await proxy.down();
  const ending = attempts(task, ctx, payload);
  // It is awaited below.
  ending.catch(() => {});
  await sleep(OUTAGE_MS);
  await proxy.up();
  const ended = await ending;
  expect(ended.attempts).toBeGreaterThan(1);
  return ended.output;
}

describe.concurrent(`a server that is away for ${OUTAGE_MS / 1000} seconds is waited for by the retry a task declares, and gets everything once:`, () => {
  it('PostgreSQL, read and written', async () => {
    await using db = await testDatabase();
    await db.client.query('CREATE TABLE arrived (n int)');
    const proxies = await Promise.all([faultProxy(db.server.host, db.server.port), faultProxy(db.server.host, db.server.port)]);
    const [reading, writing] = proxies as [FaultProxy, FaultProxy];
    const outputs = await Promise.all([
      throughOutage(dbQuery, reading, { connection: db.through(reading.port), sql: 'SELECT 1 AS one' }),
      throughOutage(dbExecute, writing, { connection: db.through(writing.port), sql: 'INSERT INTO arrived VALUES (1)' }),
    ]);
    expect(outputs).toMatchObject([{ rows: [{ one: 1 }] }, { rowCount: 1 }]);
    expect(await db.rows('SELECT n FROM arrived')).toEqual([{ n: 1 }]);
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });

  it('Kafka', async () => {
    const { brokers: direct } = await kafkaServer();
    const [{ brokers, proxy }, topic] = await Promise.all([kafkaBehindProxy(), makeTopic(direct)]);
    expect(await throughOutage(kafkaPublish, proxy, { brokers, topic, messages: [{ value: 'once' }] })).toMatchObject({ count: 1 });
    expect((await readTopic(direct, topic)).map(({ value }) => String(value))).toEqual(['once']);
    await proxy.close();
  });

  it('NATS', async () => {
    const { url } = await natsServers();
    const { hostname, port } = new URL(url);
    const nc = await connect({ servers: url });
    const jsm = await nc.jetstreamManager();
    const name = `outage-${process.pid}`;
    await jsm.streams.add({ name, subjects: [`${name}.>`] });
    const proxy = await faultProxy(hostname, Number(port));
    const input = { servers: `127.0.0.1:${proxy.port}`, subject: `${name}.a`, messages: ['once'], jetstream: true };
    expect(await throughOutage(natsPublish, proxy, input)).toMatchObject({ count: 1 });
    expect((await jsm.streams.info(name)).state.messages).toBe(1);
    await jsm.streams.delete(name);
    await Promise.all([nc.close(), proxy.close()]);
  });

  it('S3, read and written', async () => {
    await using bucket = await testBucket();
    const { hostname, port } = new URL(bucket.base.endpoint);
    await bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key: 'there', Body: 'before' }));
    const proxies = await Promise.all([faultProxy(hostname, Number(port)), faultProxy(hostname, Number(port))]);
    const [reading, writing] = proxies as [FaultProxy, FaultProxy];
    const at = (proxy: FaultProxy) => ({ ...bucket.base, endpoint: `http://127.0.0.1:${proxy.port}` });
    const outputs = await Promise.all([
      throughOutage(s3Get, reading, { ...at(reading), key: 'there' }),
      throughOutage(s3Put, writing, { ...at(writing), key: 'new', body: 'once', ifNoneMatch: '*' }),
    ]);
    expect(outputs).toMatchObject([{ body: 'before' }, { size: 4 }]);
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });

  it('SIG', async () => {
    await using sig = await startSigSandbox();
    const proxy = await faultProxy('127.0.0.1', sig.port);
    const input = { endpoint: `http://127.0.0.1:${proxy.port}`, items: [{ id: 'a', payload: 'once' }] };
    expect(await throughOutage(sigIngest, proxy, input)).toMatchObject({ count: 1 });
    expect([...sig.effects.values()]).toEqual([1]);
    await proxy.close();
  });

  it('an HTTP API, and Slack', async () => {
    await using server = await serve((_, response) => json(response, { ok: true, ts: '1.2', channel: 'C1' }));
    const proxies = await Promise.all([faultProxy('127.0.0.1', server.port), faultProxy('127.0.0.1', server.port)]);
    const [api, slack] = proxies as [FaultProxy, FaultProxy];
    await Promise.all([
      // Nothing was sent, so that also a POST is tried again.
      throughOutage(httpRequest, api, { method: 'POST', url: `http://127.0.0.1:${api.port}/once`, body: {} }),
      throughOutage(notifySlack, slack, { channel: 'C1', token: 'xoxb-1', apiUrl: `http://127.0.0.1:${slack.port}/api`, text: 'once' }),
    ]);
    expect(server.requests.map(({ url }) => url).toSorted()).toEqual(['/api/chat.postMessage', '/once']);
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });
});
