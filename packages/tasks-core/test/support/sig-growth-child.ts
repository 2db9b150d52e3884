/**
 * Executes `sig.ingest` and `sig.export` many times in a process of its own, in turn: `node --expose-gc sig-growth-child.ts '<endpoint>' <times>`.
 * Prints the bytes of heap in use after a fifth of them and after all.
 */
import { createRunContext } from '@summit/maestro-sdk';
import { createTestContext } from '@summit/maestro-sdk/testing';
import sigExport from '@summit/maestro-tasks-core/connectors/sig.export';
import sigIngest from '@summit/maestro-tasks-core/connectors/sig.ingest';

const [endpoint, times] = process.argv.slice(2) as [string, string];
const shared = createTestContext();

/** As a worker does: one pool for all, everything else made for the execution. */
const contextOf = (n: number) =>
  createRunContext({
    pool: shared.pool,
    artifacts: shared.artifacts,
    runId: `run-${n}`,
    idempotencyKey: `growth-${n}`,
    signal: new AbortController().signal,
  });

async function execution(n: number): Promise<void> {
  const ctx = contextOf(n);
  // One in ten is refused, for an id that stands twice.
  const items = [
    { id: 'a', payload: n },
    { id: n % 10 === 0 ? 'a' : 'b', payload: n },
  ];
  await sigIngest.execute(ctx, { payload: { endpoint, items } }).catch((error: { code?: string }) => {
    if (error.code !== 'SIG_ITEM_REPEATED') throw error;
  });
  if (n % 10 === 5) await sigExport.execute(ctx, { payload: { endpoint, requestId: 'dsar-7', pollIntervalMs: 1 } });
}

async function executions(from: number, to: number): Promise<number> {
  for (let n = from; n < to; n++) await execution(n);
  for (let pass = 0; pass < 3; pass++) {
    await new Promise(setImmediate);
    (globalThis as { gc?: () => void }).gc?.();
  }
  return process.memoryUsage().heapUsed;
}

const all = Number(times);
const early = await executions(0, all / 5);
const late = await executions(all / 5, all);
await shared.dispose();
process.stdout.write(`${JSON.stringify({ early, late })}\n`);
