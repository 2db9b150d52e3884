import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRunner, type Runner } from '@summit/maestro-worker';
import { chain, NOOP } from './engine-plan.ts';
import { compareInterleaved, type Figure } from './figure.ts';
import { perSecond } from './in-flight.ts';

const IN_FLIGHT = 200;
const TOTAL = 1_500;

/** What keeping a history costs a run: the same engine with and without it, in turn. */
export async function historyOverhead(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
  const open = (name: string, history: boolean): Promise<Runner> =>
    openRunner({
      engine: { kind: 'embedded', dir: join(folder, name) },
      packages: [NOOP],
      from: import.meta.dirname,
      workspace: folder,
      artifactsDir: join(folder, 'artifacts'),
      ...(history ? { history: { sqlite: join(folder, name, 'history.db') } } : {}),
    });
  const [recorded, plain] = [await open('recorded', true), await open('plain', false)];
  try {
    const plan = await chain(4);
    const initiator = { id: 'bench', roles: [] };
    const measure = (runner: Runner) => () =>
      perSecond(TOTAL, IN_FLIGHT, async () => {
        const result = await (await runner.start({ plan, inputs: {}, initiator })).result();
        if (result.status !== 'succeeded') throw new Error(JSON.stringify(result.error));
      });
    return [
      await compareInterleaved({
        figure: 'workflow of 4 journaled no-op tasks with its history kept, 200 in flight',
        unit: 'workflows/s',
        ours: measure(recorded),
        other: measure(plain),
        otherName: 'without history',
        must: 0.9,
        better: 'higher',
        rounds: 9,
      }),
    ];
  } finally {
    await recorded.close();
    await plain.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
