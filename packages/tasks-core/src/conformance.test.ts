import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeclaredTask } from '@summit/maestro-sdk';
import { describeConformance, startSigSandbox } from '@summit/maestro-sdk/testing';
import { afterAll, describe, it } from 'vitest';
import { testDatabase, until } from '../test/support/database.ts';
import { s3Fixtures } from '../test/support/s3-conformance.ts';
import { tasks } from './index.ts';

const database = await testDatabase();
await database.client.query('CREATE TABLE orders (id int PRIMARY KEY, status text); INSERT INTO orders VALUES (1, $$open$$)');
afterAll(() => database[Symbol.asyncDispose]());
const sleeping = () =>
  until('the statement runs', async () => {
    const asleep = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND usename = $1";
    return (await database.rows(asleep, [database.schema])).length > 0;
  });
const unreachable = 'postgres://nobody:a-plain-password@127.0.0.1:1/nowhere';

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
      'connectors/s3.get': s3.get,
      'connectors/s3.put': s3.put,
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
    },
  },
);
