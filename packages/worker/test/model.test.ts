import type { RunResult } from '@summit/maestro-worker';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, plan } from './harness.ts';
import { bodies, type ModelBody, planOf, type Told, tell } from './model.ts';

/** What a result says of what the model tells. */
function told({ status, error, tasks, compensations = [] }: RunResult): Told {
  return {
    status,
    ...(error ? { error: error.item === undefined ? [error.code, error.task ?? ''] : [error.code, error.task ?? '', error.item] } : {}),
    records: tasks.map(({ id, status: how, attempts, items }) =>
      items ? [id, how, attempts, items.succeeded, items.failed] : [id, how, attempts],
    ),
    compensations: compensations.map(({ task, item, status: how, attempts }) => [task, item, how, attempts]),
  };
}

describe.each([
  { name: 'in-process', kind: 'in-process', inactivityMs: undefined, runs: 200 },
  { name: 'restate, always replaying', kind: 'embedded', inactivityMs: 0, runs: 8 },
] as const)('random workflows on $name', ({ kind, inactivityMs, runs }) => {
  const bench = new Bench();
  beforeAll(() => bench.open(kind, {}, inactivityMs));
  afterAll(() => bench.close());

  it('come to what a simple model of the semantics says', async () => {
    const holds = async (body: ModelBody) => {
      const { tasks, more } = planOf(body);
      expect(told(await bench.run(await plan(tasks, more)))).toEqual(tell(body));
      bench.events.splice(0);
    };
    // Without a server a failure is shrunk to its core.
    if (kind === 'in-process')
      await fc.assert(fc.asyncProperty(bodies, holds), { numRuns: Number(process.env.MAESTRO_MODEL_RUNS ?? runs) });
    else for (const body of fc.sample(bodies, { numRuns: runs, seed: 3 })) await holds(body);
  });

  it('come to their end also where everything runs side by side', async () => {
    for (const body of fc.sample(bodies, { numRuns: runs, seed: 11 })) {
      const { tasks, more } = planOf(body);
      const what = await plan(tasks, more);
      for (const list of [what, ...Object.values(what.workflows ?? {})].flatMap((one) => [
        one.tasks,
        one.onFailure ?? [],
        one.finally ?? [],
      ])) {
        for (const task of list) {
          if (!task.onAnyStatus) task.needs = [];
          if (task.forEach) task.forEach.maxParallel = 3;
        }
      }
      const result = await bench.run(what);
      expect(result.tasks.filter(({ status }) => status === 'pending' || status === 'running')).toEqual([]);
      expect(result.status).toBe(result.error ? 'failed' : 'succeeded');
    }
  });
});
