/**
 * Executes `nats.publish` many times in a process of its own, core and JetStream in turn:
 * `node --expose-gc nats-growth-child.ts '<server>' '<subject>' <times>`. Prints the bytes of heap in use after a fifth of them and after all.
 */
import { createTestContext } from '@summit/maestro-sdk/testing';
import natsPublish from '@summit/maestro-tasks-core/connectors/nats.publish';

const [servers, subject, times] = process.argv.slice(2) as [string, string, string];
const ctx = createTestContext();

async function executions(from: number, to: number): Promise<number> {
  for (let n = from; n < to; n++) {
    // As a worker does: one pool for all, everything else made for the execution.
    const own = { pool: ctx.pool, artifacts: ctx.artifacts, idempotencyKey: `${process.pid}-${n}`, signal: new AbortController().signal };
    await natsPublish.execute(own as never, { payload: { servers, subject, messages: [`${n}`], jetstream: n % 2 === 0 } });
  }
  for (let pass = 0; pass < 3; pass++) {
    await new Promise(setImmediate);
    (globalThis as { gc?: () => void }).gc?.();
  }
  return process.memoryUsage().heapUsed;
}

const all = Number(times);
const early = await executions(0, all / 5);
const late = await executions(all / 5, all);
await ctx.dispose();
process.stdout.write(`${JSON.stringify({ early, late })}\n`);
