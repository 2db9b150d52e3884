import { createTestContext } from '@summit/maestro-sdk/testing';
import { s3Get, s3Put } from '@summit/maestro-tasks-core';
import { expect, it } from 'vitest';
import { growthExecutions, heapInUse, reportGrowth } from './support/heap.ts';
import { testBucket } from './support/s3.ts';

/** Executions of each connector; 10,000 where there is time. */
const EXECUTIONS = growthExecutions(300);
const AT_ONCE = 8;

it('executions leave nothing behind: no client, no memory', async () => {
  await using bucket = await testBucket();
  await using ctx = createTestContext();
  const shared = bucket.base;
  const run = async (times: number) => {
    let left = times;
    const worker = async () => {
      for (let number = left--; number > 0; number = left--) {
        await s3Put.execute(ctx, { payload: { ...shared, key: `k${number % 10}`, body: 'x'.repeat(1_000) } });
        await s3Get.execute(ctx, { payload: { ...shared, key: `k${number % 10}` } });
        // One of them that fails, as those are what is forgotten most easily.
        if (number % 10 === 0) await s3Get.execute(ctx, { payload: { ...shared, key: 'none' } }).catch(() => {});
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  };
  await run(100);
  const before = await heapInUse();
  await run(EXECUTIONS);
  const grown = reportGrowth('s3', EXECUTIONS, (await heapInUse()) - before);
  expect(ctx.pooled.map(({ opened }) => opened)).toEqual([1]);
  // What is kept by every execution would show: 100 bytes each are well beyond what a heap differs by.
  expect(grown).toBeLessThan(Math.max(1_500_000, EXECUTIONS * 100));
});
