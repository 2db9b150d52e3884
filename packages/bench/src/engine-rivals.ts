import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRunner } from '@summit/maestro-worker';
import { chain, NOOP } from './engine-plan.ts';
import { type Figure, median } from './figure.ts';
import { perSecond } from './in-flight.ts';
import { bullMq, dbos, pgBoss } from './rivals.ts';

const IN_FLIGHT = 200;
const TOTAL = 500;
const ROUNDS = 5;

/** Workflows a second of four tasks that do nothing, 200 in flight, beside other engines on the same machine in turns; each with its files written before it answers. */
export async function engineRivals(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
  const others = { 'DBOS and PostgreSQL': await dbos(), 'pg-boss': await pgBoss(), 'BullMQ, appendfsync always': await bullMq() };
  const runner = await openRunner({
    engine: { kind: 'embedded', dir: join(folder, '.maestro') },
    packages: [NOOP],
    from: import.meta.dirname,
    workspace: folder,
    artifactsDir: join(folder, 'artifacts'),
  });
  try {
    const plan = await chain(4);
    const initiator = { id: 'bench', roles: [] };
    const measured = new Map<string, number[]>([['ours', []], ...Object.keys(others).map((name): [string, number[]] => [name, []])]);
    const work: [string, () => Promise<unknown>][] = [
      [
        'ours',
        async () => {
          const result = await (await runner.start({ plan, inputs: {}, initiator })).result();
          if (result.status !== 'succeeded') throw new Error(JSON.stringify(result.error));
        },
      ],
      ...Object.entries(others).map(([name, rival]): [string, () => Promise<unknown>] => [name, () => rival.run()]),
    ];
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, run] of round % 2 ? work : work.toReversed()) {
        const speed = await perSecond(TOTAL, IN_FLIGHT, run);
        if (round > 0) measured.get(name)?.push(speed);
      }
    }
    const ours = measured.get('ours') ?? [];
    const figure = (otherName: keyof typeof others, must: number): Figure => {
      const other = measured.get(otherName) ?? [];
      const ratio = median(ours.map((value, round) => value / (other[round] ?? Number.NaN)));
      return {
        figure: `workflow of 4 journaled no-op tasks, 200 in flight, beside ${otherName}`,
        unit: 'workflows/s',
        ours: median(ours),
        other: median(other),
        otherName,
        ratio,
        must,
        better: 'higher',
        holds: ratio >= must,
      };
    };
    return [
      figure('DBOS and PostgreSQL', 2.5),
      {
        ...figure('pg-boss', 1),
        note: `BullMQ, appendfsync always: ${median(measured.get('BullMQ, appendfsync always') ?? []).toFixed(0)} workflows/s`,
      },
    ];
  } finally {
    await runner.close();
    for (const rival of Object.values(others)) await rival.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
