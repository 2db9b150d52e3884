import { expect, it } from 'vitest';
import { executeAt, query, runContext, testDatabase } from './support/database.ts';
import { growthExecutions, heapInUse, reportGrowth } from './support/heap.ts';

/** Executions of each; 10,000 where there is time for it. */
const EXECUTIONS = growthExecutions(300);
/** What the heap may grow by: some at first, for code and its feedback; and next to nothing for each execution, which is what the context of the test keeps. */
const BYTES = 600 * 1024 + EXECUTIONS * 60;

it('db.query and db.execute keep nothing of their executions, failed ones included', async () => {
  await using db = await testDatabase();
  await db.client.query('CREATE TABLE counted (id int PRIMARY KEY, n int NOT NULL)');
  await using shared = runContext(db.url);
  const round = async (index: number) => {
    // Each run has a context of its own, and they share their clients.
    const ctx = { ...shared, runId: `run-${index}` };
    await query(ctx, { sql: 'SELECT $1::int AS n, now() AS at', params: [index] });
    await query(ctx, { sql: `SELECT nothing_${index % 7}` }).catch(() => {});
    await executeAt(ctx, `growth-${process.pid}-${index}`, { table: 'counted', rows: [{ id: 1, n: index }], conflict: { target: ['id'] } });
  };
  for (let index = 0; index < 100; index++) await round(index);
  const before = await heapInUse();
  for (let index = 0; index < EXECUTIONS; index++) await round(100 + index);
  const grown = reportGrowth('db', EXECUTIONS, (await heapInUse()) - before);
  expect(grown).toBeLessThan(BYTES);
  // A connection that is being made clean is not waited for.
  const [{ connections }] = (await db.rows(`SELECT count(*)::int AS connections FROM pg_stat_activity WHERE usename = '${db.schema}'`)) as [
    { connections: number },
  ];
  expect(connections).toBeLessThanOrEqual(10);
});
