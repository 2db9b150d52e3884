import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bound, type Figure, median } from './figure.ts';
import { endOrphans } from './orphans.ts';

/** `MAESTRO_BENCH_REPLAY=1000` for a shorter look. */
const STEPS = Number(process.env.MAESTRO_BENCH_REPLAY ?? 10_000);
/** What replaying may take of the time that executing took. */
const SHARE = 0.5;
const ROUNDS = 3;
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
    const rounds: { executed: Seen; replayed: Seen }[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await killedOnce(kind));
    const executedMs = median(rounds.map(({ executed }) => executed.ms));
    const replayedMs = median(rounds.map(({ replayed }) => replayed.ms));
    const run = `run of ${STEPS.toLocaleString('en')} steps that are ${what}, after its worker was killed`;
    const note = `${(executedMs / STEPS).toFixed(2)} ms a step to execute, ${(replayedMs / STEPS).toFixed(2)} ms to replay, the start of the process included`;
    // What is computed again takes as long as it did.
    if (kind === 'tasks/noop')
      figures.push({ ...bound(`${run}: until its end`, 'ms', replayedMs, executedMs, 'to execute them', SHARE), note });
    const peakMib = Math.max(...rounds.map(({ replayed }) => replayed.peakMib));
    figures.push({ ...bound(`${run}: peak memory of the next worker`, 'MiB', peakMib, MEMORY, 'allowed', 1), note });
  }
  return figures;
}

/** Executes a run until its worker is killed, and then again in another one. */
async function killedOnce(kind: string): Promise<{ executed: Seen; replayed: Seen }> {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
  try {
    return { executed: await untilKilled(folder, kind), replayed: await untilKilled(folder, kind) };
  } finally {
    endOrphans();
    rmSync(folder, { recursive: true, force: true });
  }
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
