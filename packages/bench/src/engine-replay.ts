import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bound, type Figure } from './figure.ts';
import { endOrphans } from './orphans.ts';

/** `MAESTRO_BENCH_REPLAY=1000` for a shorter look. */
const STEPS = Number(process.env.MAESTRO_BENCH_REPLAY ?? 10_000);
/** What replaying may take of the time that executing took. */
const SHARE = 0.5;
/** MiB that the worker may take at its peak: 500 MB. */
const MEMORY = 477;

interface Seen {
  ms: number;
  peakMib: number;
}

/** A run of many steps whose worker is killed: how long another reads them again until the run goes on, beside executing them; and that worker's memory. */
export async function engineReplay(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [kind, what] of Object.entries({ 'tasks/noop': 'remembered', 'tasks/pure': 'computed again' })) {
    const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
    try {
      const executed = await untilKilled(folder, kind);
      const replayed = await untilKilled(folder, kind);
      const run = `run of ${STEPS.toLocaleString('en')} steps that are ${what}, after its worker was killed`;
      const note = `${(executed.ms / STEPS).toFixed(2)} ms a step to execute, ${(replayed.ms / STEPS).toFixed(2)} ms to replay, the start of the process included`;
      // What is computed again takes as long as it did.
      if (kind === 'tasks/noop')
        figures.push({ ...bound(`${run}: until its end`, 'ms', replayed.ms, executed.ms, 'to execute them', SHARE), note });
      figures.push({ ...bound(`${run}: peak memory of the next worker`, 'MiB', replayed.peakMib, MEMORY, 'allowed', 1), note });
    } finally {
      endOrphans();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return figures;
}

/** Has a worker come as far as it can, and kills it. */
async function untilKilled(folder: string, kind: string): Promise<Seen> {
  const child = fork(join(import.meta.dirname, 'replay-child.ts'), [folder, `${STEPS}`, kind]);
  const exit = once(child, 'exit');
  const seen = await Promise.race([
    once(child, 'message').then(([message]) => message as Seen),
    exit.then(([code]) => Promise.reject(new Error(`the worker ended with ${code}`))),
  ]);
  child.kill('SIGKILL');
  await exit;
  return seen;
}
