import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeclaredTask } from '@summit/maestro-sdk';
import { describeConformance, startSigSandbox } from '@summit/maestro-sdk/testing';
import { kafka } from '@summit/maestro-services';
import { afterAll, describe, it } from 'vitest';
import { testDatabase, until } from '../test/support/database.ts';
import { httpFixtures } from '../test/support/http-conformance.ts';
import { makeTopic } from '../test/support/kafka.ts';
import { natsFixture } from '../test/support/nats-fixture.ts';
import { s3Fixtures } from '../test/support/s3-conformance.ts';
import { silentServer } from '../test/support/silent-server.ts';
import { tasks } from './index.ts';

const database = await testDatabase();
await database.client.query('CREATE TABLE orders (id int PRIMARY KEY, status text); INSERT INTO orders VALUES (1, $$open$$)');
afterAll(() => database[Symbol.asyncDispose]());
const sleeping = () =>
  until('the statement runs', async () => {
    const asleep = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND usename = $1";
    return (await database.rows(asleep, [database.schema])).length > 0;
  });
const broker = await kafka();
const topic = await makeTopic(broker.brokers);
const silent = await silentServer();
afterAll(() => silent[Symbol.asyncDispose]());
const unreachable = 'postgres://nobody:a-plain-password@127.0.0.1:1/nowhere';

const http = await httpFixtures();
afterAll(() => http.close());

const s3 = await s3Fixtures();
afterAll(() => s3.close());

const sig = await startSigSandbox({ exports: { polls: 0 } });
const quietSig = await startSigSandbox();
for (const route of ['ingest', 'exports'] as const) quietSig.inject({ kind: 'silent' }, { route, times: Number.POSITIVE_INFINITY });
const refusingSig = await startSigSandbox({ token: 'a-token-nobody-has' });
afterAll(() => Promise.all([sig, quietSig, refusingSig].map((each) => each.close())));
const SIG_ITEMS = [
  { id: 'a', payload: { n: 1 } },
  { id: 'b', payload: { n: 2 } },
];

describeConformance(
  tasks as unknown as readonly DeclaredTask[],
  { describe, it },
  {
    tasks: {
      'connectors/http.request': http.request,
      'connectors/nats.publish': await natsFixture(),
      'connectors/db.execute': {
        context: { secrets: { DATABASE_URL: database.url } },
        payload: () => ({ table: 'orders', rows: [{ id: 2, status: 'open' }], conflict: { target: ['id'] } }),
        stuck: () => ({ payload: { sql: 'UPDATE orders SET status = (SELECT pg_sleep(60))::text' }, started: sleeping() }),
        failing: () => [
          { sql: 'DELETE FROM nowhere' },
          { sql: 'SELECT 1', connection: unreachable },
          { sql: 'SELECT $1::int', params: ['x'] },
        ],
        effects: () => database.rows('SELECT * FROM orders ORDER BY id'),
      },
      'connectors/db.query': {
        context: { secrets: { DATABASE_URL: database.url } },
        payload: () => ({ sql: 'SELECT id, status FROM orders WHERE id = $1', params: [1] }),
        stuck: () => ({ payload: { sql: 'SELECT pg_sleep(60)' }, started: sleeping() }),
        failing: () => [{ sql: 'SELEC 1' }, { sql: 'SELECT 1', connection: unreachable }, { sql: 'SELECT $1::int', params: ['x'] }],
        effects: () => database.rows('SELECT * FROM orders ORDER BY id'),
      },
      'connectors/kafka.publish': {
        payload: () => {
          const { brokers, username, password } = broker.sasl;
          const sasl = { mechanism: 'scram-sha-512', username, password };
          return { brokers, topic, sasl, messages: [{ key: 'a', value: 'text', headers: { source: 'test' } }, { value: { n: 1 } }] };
        },
        stuck: () => ({ payload: { brokers: [silent.address], topic, messages: [{ value: 1 }] }, started: silent.connected() }),
        failing: () => [
          { brokers: broker.sasl.brokers, topic, sasl: { mechanism: 'plain' }, messages: [{ value: 1 }] },
          { brokers: broker.sasl.brokers, topic, sasl: { mechanism: 'scram-sha-256' }, messages: [{ value: 1 }] },
          { brokers: broker.oauth.brokers, topic, sasl: { mechanism: 'oauthbearer' }, messages: [{ value: 1 }] },
          { brokers: broker.brokers, topic: 'no-such-topic', messages: [{ value: 1 }] },
        ],
      },
      'connectors/s3.get': s3.get,
      'connectors/s3.put': s3.put,
      'connectors/sig.export': {
        context: { secrets: { SIG_EXPORT_URL: sig.url } },
        payload: () => ({ requestId: 'dsar-7', auth: true }),
        stuck: () => ({ payload: { endpoint: quietSig.url, requestId: 'dsar-7' } }),
        failing: () => [
          { endpoint: refusingSig.url, requestId: 'dsar-7', auth: true },
          { endpoint: refusingSig.url, requestId: 'dsar-7', token: 'another-wrong-token' },
        ],
        effects: () => sig.exportCount + quietSig.exportCount,
      },
      'connectors/sig.ingest': {
        context: { secrets: { SIG_INGEST_URL: sig.url } },
        payload: () => ({ items: SIG_ITEMS, auth: true }),
        stuck: () => ({ payload: { endpoint: quietSig.url, items: SIG_ITEMS } }),
        failing: () => [
          { endpoint: refusingSig.url, items: SIG_ITEMS, auth: true },
          { endpoint: refusingSig.url, items: SIG_ITEMS, token: 'another-wrong-token' },
        ],
        effects: () => [...sig.effects.keys(), ...quietSig.effects.keys()],
      },
      'ops/approval.gate': {
        context: { decisions: [[{ by: 'olive' }]] },
        payload: () => ({ approvers: ['sre'], reason: 'a try', expiresIn: '8h' }),
        stuck: async (ctx) => {
          // The one decision that is scripted is taken; nobody answers the next question.
          await ctx.decision({ approvers: ['sre'] });
          return { payload: { approvers: ['sre'] } };
        },
      },
      'ops/disclosure.package': {
        context: { files: { 'report.pdf': 'a report', 'data/table.csv': 'a,b\n1,2\n' } },
        payload: () => ({ files: ['report.pdf', { path: 'data/table.csv', description: 'Table 3' }], outPath: 'bundle.zip' }),
        stuck: (ctx) => {
          // Long enough not to be over before it is aborted.
          writeFileSync(join(ctx.workspace, 'large.bin'), Buffer.alloc(64 * 1024 * 1024, 'abcdefg'));
          return { payload: { files: ['large.bin'], outPath: 'bundle.zip', level: 9 } };
        },
      },
      'tasks/notify.slack': http.slack,
      'tasks/transform.map': {
        payload: () => ({ rows: [{ n: 1 }, { n: 2 }], filter: 'row.n > vars.least', vars: { least: 1 }, mapping: { n: 'row.n * 2' } }),
        stuck: () => {
          const list = Array.from({ length: 300 }, (_, n) => n);
          return { payload: { rows: Array.from({ length: 50_000 }, () => ({ list })), mapping: 'row.list.map(n, n * 2).size()' } };
        },
        failing: () => [
          { rows: [{}], mapping: 'row.n' },
          { rows: [], mapping: 'row.' },
          { rows: [1], mapper: 'return row' },
        ],
      },
    },
  },
);
