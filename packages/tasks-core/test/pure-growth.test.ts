import { deepStrictEqual } from 'node:assert';
import { createRunContext } from '@summit/maestro-sdk';
import { createTestContext, type TestContext } from '@summit/maestro-sdk/testing';
import { schemaValidate, transformMap } from '@summit/maestro-tasks-core';
import { expect, it, vi } from 'vitest';
import { growthExecutions, heapInUse, mustFail, reportGrowth } from './support/heap.ts';

/** Executions of each task. */
const EXECUTIONS = growthExecutions(400);
/** Before the first look: so many different expressions and schemas that what is kept of them has been full for a while. */
const WARM_UP = 650;
/** What is kept by every execution would show: 100 bytes each are well beyond what a heap differs by. */
const BYTES = Math.max(1_500_000, EXECUTIONS * 100);

/** As a worker does: one pool for all, everything else made for the execution. */
const contextOf = (shared: TestContext, signal = new AbortController().signal) =>
  createRunContext({ pool: shared.pool, artifacts: shared.artifacts, trusts: async () => true, signal });

/** Runs `round` for all executions and resolves to the bytes that the heap grew by, after a warm-up. */
async function growthOf(what: string, executions: number, warmUp: number, round: (n: number) => Promise<void>): Promise<number> {
  for (let n = 0; n < warmUp; n++) await round(n);
  const before = await heapInUse();
  for (let n = 0; n < executions; n++) await round(warmUp + n);
  return reportGrowth(what, executions, (await heapInUse()) - before);
}

it('transform.map keeps nothing of its executions, whatever the expressions, failed and cancelled ones included', async () => {
  await using shared = createTestContext();
  const rows = [{ id: 1, name: 'a' }, { id: 2 }];
  const source = await shared.artifacts.put(rows.map((row) => `${JSON.stringify(row)}\n`).join(''), { name: 'in.ndjson' });
  const grown = await growthOf('transform.map', EXECUTIONS, WARM_UP, async (n) => {
    // No two executions have the same text, as where parameters are written into expressions.
    const mapping = { id: `row.id + ${n}`, name: `row.?name.orValue("nobody ${n}")`, at: 'index' };
    const { payload } = await transformMap.execute(contextOf(shared), { payload: { rows, mapping, filter: `row.id > -${n + 1}` } });
    deepStrictEqual(payload.rows?.[1], { id: n + 2, name: `nobody ${n}`, at: 1 });
    if (n % 10 === 1) await transformMap.execute(contextOf(shared), { payload: { artifact: source, mapping: { id: 'row.id' } } });
    if (n % 10 === 2) {
      await mustFail(
        transformMap.execute(contextOf(shared), { payload: { rows, mapping: { name: `row.name + "${n}"` } } }),
        'TRANSFORM_ROW_FAILED',
      );
    }
    if (n % 10 === 3) {
      await mustFail(
        transformMap.execute(contextOf(shared), { payload: { rows, mapping: { name: `rwo.name${n}` } } }),
        'TRANSFORM_EXPRESSION_INVALID',
      );
    }
    if (n % 10 === 4) {
      await mustFail(
        transformMap.execute(contextOf(shared, AbortSignal.abort(new Error('cancelled'))), { payload: { rows, mapping } }),
        'cancelled',
      );
    }
  });
  expect(grown).toBeLessThan(BYTES);
});

it('a mapper keeps neither memory nor a process of its executions, failed and cancelled ones included', async () => {
  const processes = () => process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length;
  const before = processes();
  const shared = createTestContext();
  try {
    const grown = await growthOf('transform.map with a mapper', Math.ceil(EXECUTIONS / 40), 5, async (n) => {
      const rows = [{ id: n }];
      const { payload } = await transformMap.execute(contextOf(shared), { payload: { rows, mapper: `return row.id + ${n};` } });
      deepStrictEqual(payload.rows, [2 * n]);
      if (n % 10 === 1) {
        await mustFail(
          transformMap.execute(contextOf(shared), { payload: { rows, mapper: 'throw new Error("no");' } }),
          'TRANSFORM_ROW_FAILED',
        );
      }
      if (n % 10 === 2) {
        const controller = new AbortController();
        const endless = transformMap.execute(contextOf(shared, controller.signal), { payload: { rows, mapper: 'for (;;) {}' } });
        setImmediate(() => controller.abort(new Error('cancelled')));
        await mustFail(endless, 'cancelled');
      }
    });
    expect(grown).toBeLessThan(BYTES);
  } finally {
    await shared.dispose();
  }
  await vi.waitFor(() => expect(processes()).toBe(before), 5_000);
});

it('schema.validate keeps nothing of its executions beyond its bounded cache', async () => {
  await using shared = createTestContext();
  const grown = await growthOf('schema.validate', EXECUTIONS, WARM_UP, async (n) => {
    const schema = { type: 'object', required: [`field${n}`], properties: { [`field${n}`]: { type: 'string', pattern: `^${n}$` } } };
    await schemaValidate.execute(contextOf(shared), { payload: { schema, data: { [`field${n}`]: `${n}` } } });
    await mustFail(
      schemaValidate.execute(contextOf(shared), { payload: { schema, data: { [`field${n}`]: 1 } } }),
      'SCHEMA_VALIDATION_FAILED',
    );
  });
  expect(grown).toBeLessThan(BYTES);
});
