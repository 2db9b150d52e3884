import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '@summit/maestro-cli/testing';
import { openHistory, openRunner, type RunEvent, type Runner } from '@summit/maestro-worker';
import { chain, NOOP } from './engine-plan.ts';
import { bound, compareInterleaved, type Figure, median } from './figure.ts';
import { perSecond } from './in-flight.ts';

const IN_FLIGHT = 200;
const TOTAL = 2_500;

const RUNS = 100_000;
const LIST_MS = 200;

/** How long `maestro runs list` takes over a long history, in this process, by each of its filters. */
export async function historyList(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
  const history = await openHistory({ sqlite: join(folder, 'history.db') });
  try {
    for (let from = 0; from < RUNS; from += 2_000) {
      await history.append(Array.from({ length: 2_000 }, (_, n) => pastRun(from + n)).flat());
    }
    writeFileSync(join(folder, 'maestro.config.json'), JSON.stringify({ history: 'history.db', engine: 'in-process' }));
    const list = async (...options: string[]) => {
      const begin = performance.now();
      const { code } = await execute(['runs', 'list', ...options], { cwd: folder });
      if (code !== 0) throw new Error(`runs list ended with ${code}`);
      return performance.now() - begin;
    };
    const middle = 'run-50000';
    const figures: Figure[] = [];
    for (const options of [
      [],
      ['--status', 'cancelled'],
      ['--status', 'running', '--limit', '200'],
      ['--runbook', 'rare'],
      ['--initiator', 'nobody'],
      ['--before', middle],
    ]) {
      await list(...options);
      const times: number[] = [];
      for (let round = 0; round < 7; round++) times.push(await list(...options));
      const name = `maestro runs list ${options.join(' ')}`.trimEnd();
      figures.push(bound(`${name} over ${RUNS.toLocaleString('en')} runs`, 'ms', median(times), LIST_MS, 'the most it may take', 1));
    }
    return figures;
  } finally {
    await history.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One in a thousand is of a rare runbook, one in five thousand was cancelled, one in four hundred is still on. */
function pastRun(n: number): RunEvent[] {
  const runId = `run-${n}`;
  const ref = n % 1_000 === 7 ? 'rare@1.0.0' : `deploy-${n % 20}@1.0.0`;
  const event = (key: string, type: RunEvent['type'], at: number, data: RunEvent['data']): RunEvent => ({
    specversion: '1.0',
    id: `${runId}/${key}`,
    source: `maestro/${ref}`,
    type,
    time: new Date(START + n * 30_000 + at).toISOString(),
    subject: runId,
    data,
  });
  const status = n % 5_000 === 11 ? 'cancelled' : n % 10 === 3 ? 'failed' : 'succeeded';
  const events = [
    event('queued', 'run.queued', 0, { ref, planDigest: 'sha256:0', initiator: { id: `user-${n % 50}`, roles: [] }, inputs: {} }),
    event('0', 'run.started', 20, { ref, planDigest: 'sha256:0', tasks: ['a'] }),
    event('1', 'task.started', 21, { task: 'a', uses: 'tasks/noop@1.0.0' }),
    event('2', 'task.succeeded', 30, { task: 'a', attempts: 1, output: { n } }),
    event('3', 'run.finished', 40, { status, ...(status === 'failed' ? { error: { code: 'X', message: 'it failed', task: 'a' } } : {}) }),
  ];
  return n % 400 === 17 ? events.slice(0, -1) : events;
}

const START = Date.parse('2026-01-01T00:00:00Z');

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
        warmUp: 3,
      }),
    ];
  } finally {
    await recorded.close();
    await plain.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
