import { createTestContext } from '@summit/maestro-sdk/testing';
import { kafka, kafkaBehindProxy } from '@summit/maestro-services';
import { kafkaPublish } from '@summit/maestro-tasks-core';
import { expect, it, vi } from 'vitest';
import { growthExecutions, heapInUse, mustFail, reportGrowth } from './support/heap.ts';
import { makeTopic } from './support/kafka.ts';

/** Executions; 10,000 where there is time for it. */
const EXECUTIONS = growthExecutions(300);
/** Records of 460 bytes in an artifact whose size must not show. */
const RECORDS = 200 * Math.max(300, EXECUTIONS);

/** What is held, with buffers. */
async function inUse(): Promise<number> {
  return (await heapInUse()) + process.memoryUsage().arrayBuffers;
}

it('kafka.publish keeps nothing of its executions, failed and cancelled ones included', async () => {
  const { brokers: direct } = await kafka();
  const { brokers, proxy } = await kafkaBehindProxy();
  const topic = await makeTopic(direct);
  const shared = createTestContext({ task: kafkaPublish });
  const round = async (index: number) => {
    const ctx = { ...shared, runId: `run-${index}`, idempotencyKey: `run-${index}/publish` };
    const payload = { brokers, topic, messages: [{ key: 'a', value: index }] };
    await kafkaPublish.execute(ctx, { payload });
    // What fails takes its producer along, which must go with all that it has.
    if (index % 20 === 0)
      await kafkaPublish.execute(ctx, { payload: { ...payload, messages: [{ value: 1, partition: 9 }] } }).catch(() => {});
    if (index % 20 === 10) {
      const controller = new AbortController();
      const sending = kafkaPublish.execute({ ...ctx, signal: controller.signal }, { payload });
      controller.abort(new Error('cancelled'));
      await mustFail(sending, 'cancelled');
    }
  };
  try {
    for (let index = 0; index < 200; index++) await round(index);
    const before = await heapInUse();
    for (let index = 0; index < EXECUTIONS; index++) await round(200 + index);
    // kafkajs waits a moment before it finds that a producer which has failed is closed.
    const settled = { timeout: 5_000, interval: 250 };
    await vi.waitFor(
      async () => expect(reportGrowth('kafka', EXECUTIONS, (await heapInUse()) - before)).toBeLessThan(800 * 1024 + EXECUTIONS * 250),
      settled,
    );
    expect(proxy.connections).toBeLessThanOrEqual(2);
  } finally {
    await shared.dispose();
    await vi.waitFor(() => expect(proxy.connections).toBe(0), 5_000);
    await proxy.close();
  }
});

it('an artifact is published in memory that does not depend on its size', async () => {
  const { brokers } = await kafka();
  // Little is kept of it, since it is not read again.
  const topic = await makeTopic(brokers, 3, { 'retention.bytes': '1000000', 'segment.bytes': '1048576' });
  const ctx = createTestContext({ task: kafkaPublish });
  try {
    const artifact = await ctx.artifacts.put(records(RECORDS, 'x'.repeat(440)), { name: 'large.ndjson' });
    const held: number[] = [];
    const artifacts = {
      put: ctx.artifacts.put.bind(ctx.artifacts),
      async *open(...given: Parameters<typeof ctx.artifacts.open>) {
        let chunks = 0;
        for await (const chunk of ctx.artifacts.open(...given)) {
          if (chunks++ % 20 === 0) held.push(await inUse());
          yield chunk;
        }
      },
    };
    const { payload } = await kafkaPublish.execute(
      { ...ctx, artifacts },
      { payload: { brokers, topic, artifact, keyField: 'id', compression: 'zstd', timeoutMs: 120_000 } },
    );
    expect(payload.count).toBe(RECORDS);
    expect(payload.offsets.reduce((sum, { count }) => sum + count, 0)).toBe(RECORDS);
    expect(held.length).toBeGreaterThan(5);
    // A request or two is in memory, of an artifact of 28 MB and more.
    expect(Math.max(...held.slice(1)) - (held[0] as number)).toBeLessThan(12_000_000);
  } finally {
    await ctx.dispose();
  }
});

function* lines(count: number, text: string): Generator<string> {
  for (let id = 0; id < count; id += 500) {
    yield Array.from({ length: 500 }, (_, i) => `{"id":"${id + i}","text":"${text}"}\n`).join('');
  }
}

async function* records(count: number, text: string): AsyncGenerator<string> {
  yield* lines(count, text);
}
