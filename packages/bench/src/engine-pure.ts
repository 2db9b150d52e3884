import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRunner } from '@summit/maestro-worker';
import { chain, NOOP } from './engine-plan.ts';
import { compareInterleaved, type Figure } from './figure.ts';
import { perSecond } from './in-flight.ts';

const IN_FLIGHT = 200;
const TOTAL = 2_500;

/** A workflow of two effects and two pure tasks beside one of four effects: what it is worth not to remember what can be computed again. */
export async function enginePure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
  const runner = await openRunner({
    engine: { kind: 'embedded', dir: join(folder, '.maestro') },
    packages: [NOOP],
    from: import.meta.dirname,
    workspace: folder,
    artifactsDir: join(folder, 'artifacts'),
  });
  try {
    const initiator = { id: 'bench', roles: [] };
    const [mixed, effects] = [await chain(4, ['tasks/noop', 'tasks/pure']), await chain(4)];
    const run = (plan: typeof mixed) => () =>
      perSecond(TOTAL, IN_FLIGHT, async () => {
        const result = await (await runner.start({ plan, inputs: {}, initiator })).result();
        if (result.status !== 'succeeded') throw new Error(JSON.stringify(result.error));
      });
    return [
      await compareInterleaved({
        figure: 'workflow of 2 effects and 2 pure tasks, 200 in flight',
        unit: 'workflows/s',
        ours: run(mixed),
        other: run(effects),
        otherName: '4 effects',
        must: 1.2,
        better: 'higher',
        rounds: 9,
        warmUp: 3,
      }),
    ];
  } finally {
    await runner.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
