import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRunner } from '@summit/maestro-worker';
import { chain, NOOP } from './engine-plan.ts';
import { type Figure, median } from './figure.ts';

const TASKS = 100;
const RUNS = 60;
const ROUNDS = 7;
/** What a task may cost in the in-process engine above its own function, in microseconds. */
const MUST_US = 50;

/** Overhead per task of the in-process engine: a run of 100 tasks in a row that do nothing. */
export async function engineInProcess(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
  const runner = await openRunner({
    engine: { kind: 'in-process' },
    packages: [NOOP],
    from: import.meta.dirname,
    workspace: folder,
    artifactsDir: join(folder, 'artifacts'),
  });
  try {
    const plan = await chain(TASKS);
    const single = await chain(1);
    const initiator = { id: 'bench', roles: [] };
    const time = async (what: typeof plan) => {
      const begin = performance.now();
      for (let i = 0; i < RUNS; i++) {
        const result = await (await runner.start({ plan: what, inputs: {}, initiator })).result();
        if (result.status !== 'succeeded') throw new Error(JSON.stringify(result.error));
      }
      return ((performance.now() - begin) * 1_000) / RUNS;
    };
    await time(plan);
    const perTask: number[] = [];
    // The difference leaves out what a run costs once.
    for (let round = 0; round < ROUNDS; round++) perTask.push(((await time(plan)) - (await time(single))) / (TASKS - 1));
    const us = median(perTask);
    return [
      {
        figure: 'in-process engine, overhead per task',
        unit: 'µs',
        ours: us,
        other: MUST_US,
        otherName: 'allowed',
        ratio: us / MUST_US,
        must: 1,
        better: 'lower',
        holds: us <= MUST_US,
      },
    ];
  } finally {
    await runner.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
