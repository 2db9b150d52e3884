import type { Plan } from '@summit/maestro-manifest';
import { expect, it } from 'vitest';
import { InProcessDurable } from '../engine/in-process/durable.ts';
import type { Step } from './durable.ts';
import type { TaskHost } from './host.ts';
import { interpret } from './interpreter.ts';

/** An engine that counts what a run waits for at once. */
class CountingDurable extends InProcessDurable {
  most = 0;
  waits = 0;
  override race<T>(steps: Step<T>[]): Promise<T> {
    this.most = Math.max(this.most, steps.length);
    this.waits += 1;
    return super.race(steps);
  }
}

/** Tasks that succeed at once and return what they are given. */
const host: TaskHost = {
  inlineLimit: 256 * 1024,
  traits: () => ({ durable: false, effect: 'none', retry: { maxAttempts: 1 }, timeout: 60_000 }),
  execute: async ({ scope }) => ({ ok: true, output: scope.index }),
  evaluate: async () => undefined,
  executeDurable: () => Promise.reject(new Error('not durable')),
  preview: () => Promise.reject(new Error('no preview')),
};

function goOver(items: number, maxParallel: number): Plan {
  const call = { uses: { name: 'tasks/x', version: '1.0.0', digest: 'sha256:0' }, with: {} };
  return {
    apiVersion: 'maestro/v1',
    kind: 'Plan',
    workflow: { name: 'test', version: '1.0.0' },
    inputs: [],
    bindings: {},
    parameters: [],
    tasks: [
      {
        ...call,
        id: 'list',
        needs: [],
        forEach: { in: Array.from({ length: items }, (_, i) => i), maxParallel, onError: 'fail' },
        compensate: call,
      },
    ],
    outputs: { last: { $cel: 'tasks.list.output[size(tasks.list.output) - 1]' } },
  };
}

async function run(items: number): Promise<{ durable: CountingDurable; ms: number }> {
  const durable = new CountingDurable();
  const begin = performance.now();
  const result = await interpret(
    {
      runId: 'r',
      plan: goOver(items, 100),
      planDigest: '',
      inputs: {},
      initiator: { id: 'a', roles: [] },
      startedAt: '2030-01-01T00:00:00Z',
    },
    durable,
    host,
    () => {},
  );
  expect(result).toMatchObject({ status: 'succeeded', outputs: { last: items - 1 }, tasks: [{ items: { succeeded: items } }] });
  return { durable, ms: performance.now() - begin };
}

it('goes over 10,000 items a hundred at a time, waiting for no more than those, in time linear to the items', async () => {
  await run(500);
  const few = await run(2_500);
  const many = await run(10_000);
  expect(many.durable.most).toBe(100);
  expect(many.durable.waits).toBe(10_000);
  // Four times the items; squared it would be sixteen times.
  expect(many.ms).toBeLessThan(Math.max(10 * few.ms, 1_000));
});
