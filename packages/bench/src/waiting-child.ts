/**
 * A worker of its own process. Has as many runs as its argument says wait at once, half of them for a decision and half for a timer; prints by how much that made
 * its memory grow, and how long it took to wake 200 of them.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openRunner } from '@summit/maestro-worker';
import { gate, pause } from './engine-plan.ts';
import { perSecond } from './in-flight.ts';

const RUNS = Number(process.argv[2]);
const WARM = 1_000;
/** Runs that wait already when the counting begins: what the worker takes once for having many, it has taken by then. */
const FIRST = 3_000;
/** Starts at the same time: of a burst V8 keeps room for what the burst left, which is no part of a run that waits. */
const STARTS = 30;
const WOKEN = 200;
const HOUR = 3_600_000;

const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
let asking = 0;
let begun = 0;
const ended = new Map<string, () => void>();
const runner = await openRunner({
  engine: { kind: 'embedded', dir: join(folder, '.maestro') },
  packages: ['@summit/maestro-tasks-core'],
  from: import.meta.dirname,
  workspace: folder,
  artifactsDir: join(folder, 'artifacts'),
  onEvent: ({ type, subject }) => {
    if (type === 'run.awaiting-approval') asking += 1;
    if (type === 'task.started') begun += 1;
    if (type === 'run.finished') ended.get(subject)?.();
  },
});
const initiator = { id: 'bench', roles: [] };
const [decision, timer, short] = [await gate(), await pause(HOUR), await pause(1)];

/** Resident memory, in KiB, when it has not fallen for longer than an idle worker waits before it gives memory back. */
async function settledKib(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let same = 0; same < 20; ) {
    await delay(500);
    const now = Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]);
    same = now < least - 256 ? 0 : same + 1;
    least = Math.min(least, now);
  }
  return least;
}

/** Waits until so many runs have come as far as they can by themselves, and a moment longer than they are kept in memory. */
async function atRest(runs: number): Promise<void> {
  while (begun < runs) await delay(50);
  await delay(1_000);
}

try {
  // What is loaded and compiled once is no part of a run.
  await perSecond(WARM, STARTS, async () => (await runner.start({ plan: short, inputs: {}, initiator })).result());
  begun = 0;
  await perSecond(FIRST, STARTS, (index) =>
    runner.start({ plan: index % 2 ? timer : decision, inputs: {}, initiator, runId: `warm-${index}` }),
  );
  await atRest(FIRST);
  const before = await settledKib();
  const perRun = await perSecond(RUNS, STARTS, (index) =>
    runner.start({ plan: index % 2 ? timer : decision, inputs: {}, initiator, runId: `run-${index}` }),
  );
  await atRest(RUNS + FIRST);
  const after = await settledKib();
  if (asking !== (RUNS + FIRST) / 2) throw new Error(`${asking} of ${(RUNS + FIRST) / 2} runs ask for a decision`);
  const latencies: number[] = [];
  for (let index = 0; index < WOKEN; index++) {
    const runId = `run-${2 * Math.floor((index * RUNS) / 2 / WOKEN)}`;
    const end = new Promise<void>((resolve) => ended.set(runId, resolve));
    const begin = performance.now();
    await runner.decide(runId, { role: 'lead', by: 'olive', approved: true });
    await end;
    latencies.push(performance.now() - begin);
  }
  process.stdout.write(`${JSON.stringify({ runs: RUNS, before, after, startedPerSecond: perRun, latencies })}\n`);
} finally {
  await runner.close();
  rmSync(folder, { recursive: true, force: true });
}
