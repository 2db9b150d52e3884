import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Plan } from '@summit/maestro-manifest';
import { openHistory, type RunDetail, type TaskDetail } from '@summit/maestro-worker';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Bench, plan } from './harness.ts';

/** Moments at which the worker is killed; the long mode takes more of them. */
const MOMENTS = Number(process.env.MAESTRO_TEST_HISTORY_MOMENTS ?? 2);
/** About how long the run takes undisturbed, in milliseconds. */
const RUN_MS = 600;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'maestro-history-crash-'));
});
afterAll(async () => {
  const left = await EmbeddedServer.open({ folder: join(folder, '.maestro', 'restate') });
  await left.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A worker that starts or finds the run; resolves to how to kill it and to hear what it says. */
function worker(runId: string, what: Plan): { child: ChildProcess; said(word: string): Promise<void> } {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'worker-process.ts'), folder, runId, JSON.stringify(what)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const heard = new Set<string>();
  let wake = () => {};
  if (child.stdout)
    createInterface(child.stdout).on('line', (line) => {
      heard.add((JSON.parse(line) as { said: string }).said);
      wake();
    });
  child.on('exit', () => wake());
  return {
    child,
    async said(word) {
      while (!heard.has(word)) {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the worker ended before it said ${word}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** What does not depend on when things happened. */
function shape({ status, taskTree, compensations, inputs, initiator }: RunDetail) {
  const task = ({ id, uses, status, attempts, output, tasks, items, failedAttempts }: TaskDetail): unknown => ({
    id,
    uses,
    status,
    attempts,
    ...(id.startsWith('wait') ? {} : { output: JSON.stringify(output)?.replaceAll(/"key":"[^"]*"/g, '') }),
    tasks: tasks?.map(task),
    items: items?.map(({ item, status, attempts }) => ({ item, status, attempts })).sort((a, b) => a.item - b.item),
    failed: failedAttempts?.length,
  });
  return {
    status,
    tasks: taskTree.map(task),
    inputs,
    initiator,
    compensations: compensations.map(({ task, item }) => `${task}${item}`).sort(),
  };
}

it(`kill -9 at ${MOMENTS} moments: the next worker finishes, and the history has every event of the run once`, async () => {
  const what = (n: number) => {
    const log = join(folder, `effects-${n}.ndjson`);
    const step = (id: string) => ({ uses: 'effect.append', with: { log, id, holdMs: 60 } });
    return plan({
      list: { ...step('item'), forEach: { in: [1, 2, 3, 4], maxParallel: 2 }, compensate: step('undo') },
      flaky: { uses: 'fail', with: { how: 'transient', times: 1 }, retry: { maxAttempts: 2, initialInterval: 20 } },
      wait: { uses: 'wait', with: { ms: 30, times: 2 }, needs: ['flaky'] },
      boom: { uses: 'fail', with: { how: 'x' }, needs: ['list', 'wait'] },
      after: { ...step('never'), needs: ['boom'] },
    });
  };
  // Undisturbed, on the engine that nothing survives.
  const reference = new Bench();
  await reference.open('in-process', { history: { sqlite: join(folder, '.maestro', 'history.db') } });
  await reference.run(await what(-1), {}, { runId: 'reference' });
  await reference.close();
  for (let n = 0; n < MOMENTS; n++) {
    const runId = `killed-${n}`;
    const first = worker(runId, await what(n));
    await first.said('started');
    await new Promise((resolve) => setTimeout(resolve, ((n + Math.random()) / MOMENTS) * RUN_MS));
    first.child.kill('SIGKILL');
    const second = worker(runId, await what(n));
    await second.said('result');
    // The engine says that it has ended: then its history is complete, whatever becomes of the worker.
    second.child.kill('SIGKILL');
  }
  const history = await openHistory({ sqlite: join(folder, '.maestro', 'history.db') });
  try {
    const own = async (runId: string) =>
      (await history.events(runId)).map(({ event }) => event).filter(({ type }) => type !== 'task.log' && type !== 'task.event');
    const wanted = await own('reference');
    const wantedShape = shape((await history.show('reference')) as RunDetail);
    expect(wantedShape.status).toBe('failed');
    for (let n = 0; n < MOMENTS; n++) {
      const runId = `killed-${n}`;
      const events = await own(runId);
      const keys = events.map(({ id }) => id.slice(runId.length + 1));
      expect(new Set(keys).size, `${runId}: none twice`).toBe(keys.length);
      expect(keys, `${runId}: none missing, in order`).toEqual([
        'queued',
        ...Array.from({ length: wanted.length - 1 }, (_, at) => String(at)),
      ]);
      expect(events.map(({ type }) => type).sort(), runId).toEqual(wanted.map(({ type }) => type).sort());
      expect(shape((await history.show(runId)) as RunDetail), runId).toEqual(wantedShape);
    }
  } finally {
    await history.close();
  }
});
