import { type Figure, median } from './figure.ts';
import { quiet } from './quiet.ts';
import { RivalProcess } from './rival.ts';
import { RIVALS, type RivalName } from './rivals.ts';

const IN_FLIGHT = 200;
const TOTAL = 3_000;
const WARM_UP = 1;
const ROUNDS = 5;

/**
 * Workflows a second of four tasks that do nothing, 200 in flight, beside other engines on the same machine in turns; each with its files written before it
 * answers, and in a process of its own that stands still while another is measured. None begins before what the last one left behind is done.
 */
export async function engineRivals(): Promise<Figure[]> {
  const names = Object.keys(RIVALS) as RivalName[];
  const rivals: { name: RivalName; process: RivalProcess; speeds: number[] }[] = [];
  try {
    for (const name of names) rivals.push({ name, process: await RivalProcess.open(name), speeds: [] });
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      for (const { process, speeds } of round % 2 ? rivals : rivals.toReversed()) {
        await quiet();
        const speed = await process.measure(TOTAL, IN_FLIGHT);
        if (round >= 0) speeds.push(speed);
      }
    }
  } finally {
    for (const { process } of rivals) await process.close();
  }
  const speeds = Object.fromEntries(rivals.map(({ name, speeds }) => [name, speeds])) as Record<RivalName, number[]>;
  const figure = (name: RivalName, otherName: string, must: number): Figure => {
    const ratio = median(speeds.ours.map((value, round) => value / (speeds[name][round] ?? Number.NaN)));
    return {
      figure: `workflow of 4 journaled no-op tasks, 200 in flight, beside ${otherName}`,
      unit: 'workflows/s',
      ours: median(speeds.ours),
      other: median(speeds[name]),
      otherName,
      ratio,
      must,
      better: 'higher',
      holds: ratio >= must,
    };
  };
  const printed = (name: RivalName) => `${median(speeds[name]).toFixed(0)} workflows/s`;
  return [
    figure('dbos', 'DBOS and PostgreSQL', 2.5),
    {
      ...figure('pgBoss', 'pg-boss', 1),
      note: `pg-boss with the followers of 100 jobs in one statement: ${printed('pgBossTogether')}; BullMQ, appendfsync always: ${printed('bullMq')}`,
    },
  ];
}
