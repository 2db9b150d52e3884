import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bound, type Figure } from './figure.ts';

/** `MAESTRO_BENCH_WAITING=2000` for a shorter look. */
const RUNS = Number(process.env.MAESTRO_BENCH_WAITING ?? 10_000);
/** KiB that a run may take in the worker while it waits: 5 KB. */
const PER_RUN = 4.88;
/** Milliseconds. */
const WAKE = 250;

interface Seen {
  runs: number;
  before: number;
  after: number;
  startedPerSecond: number;
  latencies: number[];
}

/** Runs that wait for a decision or a timer, all at once: what they take of a worker's memory, and how soon one goes on when it is decided. */
export async function engineWaiting(): Promise<Figure[]> {
  const child = join(import.meta.dirname, 'waiting-child.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [child, `${RUNS}`]);
  const { runs, before, after, startedPerSecond, latencies } = JSON.parse(stdout) as Seen;
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN;
  const what = `${runs.toLocaleString('en')} runs waiting at once`;
  const mib = (kib: number) => (kib / 1_024).toFixed(0);
  const memory = `resident ${mib(before)} MiB before, ${mib(after)} MiB with them; ${startedPerSecond.toFixed(0)} started a second`;
  return [
    { ...bound(`${what}: memory of the worker for each`, 'KiB', (after - before) / runs, PER_RUN, 'allowed', 1), note: memory },
    { ...bound(`${what}: waking one, p95`, 'ms', at(0.95), WAKE, 'allowed', 1), note: `p50 ${at(0.5).toFixed(0)} ms` },
  ];
}
