/**
 * A worker over a state folder that outlives it: `replay-child.ts FOLDER ITEMS [KIND]`. Has one run go over a list and then ask for a decision; where the run is there already
 * it gives the decision. Sends how many milliseconds that took, and the peak of its memory, and stays until it is killed.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openRunner } from '@summit/maestro-worker';
import { gate, goOver, NOOP } from './engine-plan.ts';
import { peakKib } from './peak.ts';

const [folder = '', items = '', kind = 'tasks/noop'] = process.argv.slice(2);
const RUN = 'long';
const asked = Promise.withResolvers<void>();
const runner = await openRunner({
  engine: { kind: 'embedded', dir: join(folder, '.maestro') },
  packages: [NOOP, '@summit/maestro-tasks-core'],
  from: import.meta.dirname,
  workspace: folder,
  artifactsDir: join(folder, 'artifacts'),
  onEvent: ({ type }) => {
    if (type === 'run.awaiting-approval') asked.resolve();
  },
});
let ms: number;
if ((await runner.find(RUN)) !== undefined) {
  await runner.decide(RUN, { role: 'lead', by: 'olive', approved: true });
  const { status, tasks, error } = await (await runner.attach(RUN)).result();
  if (status !== 'succeeded' || tasks[0]?.items?.succeeded !== Number(items)) throw new Error(JSON.stringify(error));
  // Since this process began: the engine may have it go on with the run before anybody here asks.
  ms = performance.now();
} else {
  const list = await goOver(Number(items), 100, kind);
  const [{ id } = { id: '' }] = list.tasks;
  const plan = { ...list, tasks: [...list.tasks, ...(await gate()).tasks.map((task) => ({ ...task, needs: [id] }))] };
  const begin = performance.now();
  await runner.start({ plan, inputs: {}, initiator: { id: 'bench', roles: [] }, runId: RUN });
  await asked.promise;
  ms = performance.now() - begin;
  // Killed before the engine has the question, this worker would take it along.
  while ((await runner.find(RUN))?.pending.length !== 1) await delay(20);
}
process.send?.({ ms, peakMib: peakKib() / 1024 });
