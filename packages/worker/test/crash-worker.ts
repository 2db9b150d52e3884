/** One of several workers of a folder, to be killed: does what its parent says over IPC, tells what it executes, and decides what people are asked. */
import { setTimeout as delay } from 'node:timers/promises';
import { openRunner } from '@summit/maestro-worker';
import { alice, FIXTURES } from './harness.ts';

const [folder, rest] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: crash-worker <folder> [ms after which a run that waits comes to rest]');
/** Decisions that runs have told of. */
const made = new Set<string>();
const say = (line: object) => process.send?.(line);
// Without its parent nobody would ever end it.
process.on('disconnect', () => process.exit(0));

// Runs go on, and ask, while it opens.
const opening = openRunner({
  engine: { kind: 'embedded', dir: `${folder}/.maestro`, ...(rest === undefined ? {} : { restAfterMs: Number(rest) }) },
  packages: [FIXTURES],
  from: import.meta.dirname,
  workspace: folder,
  artifactsDir: `${folder}/.maestro/artifacts`,
  history: { sqlite: `${folder}/.maestro/history.db` },
  logger: { info: () => {}, error: (message) => void say({ said: 'log', runId: process.pid, error: message }) },
  onEvent: ({ subject, type, data }) => {
    say({ said: 'event', runId: subject, type });
    if (type === 'decision.made') made.add(`${subject} ${data.name}`);
    if (type !== 'run.awaiting-approval') return;
    for (const { name, role } of data.pending as { name: string; role: string }[]) {
      if (role === 'nobody') continue;
      void decide(subject, name, role).catch((error: unknown) => say({ said: 'failed', runId: subject, error: String(error) }));
    }
  },
});

/** Gives a decision, unless the run tells that it was given before a crash. The engine hears of the question a little after the event. */
async function decide(runId: string, name: string, role: string): Promise<void> {
  while (!made.has(`${runId} ${name}`)) {
    try {
      return await (await opening).decide(runId, { name, role, by: 'bob', approved: true });
    } catch (error) {
      if ((error as { code?: string }).code !== 'DECISION_REFUSED') throw error;
      await delay(100);
    }
  }
}

const runner = await opening;
process.on('message', ({ runId, plan }: { runId: string; plan: never }) => {
  runner
    .start({ plan, inputs: { times: 2 }, initiator: alice, runId })
    .then(({ result }) => result())
    .then(
      (result) => say({ said: 'result', runId, result }),
      (error: unknown) => say({ said: 'failed', runId, error: String(error) }),
    );
});
say({ said: 'open' });

// A run that has come to rest is not executed again before it is answered: whoever was asked by an event may be gone.
for (;;) {
  await delay(500);
  for (const { runId, pending } of await runner.active()) {
    for (const { name, role } of pending) {
      if (role === 'nobody') continue;
      await runner.decide(runId, { name, role, by: 'bob', approved: true }).catch((error: { code?: string }) => {
        // Somebody else was faster, or the run has ended.
        if (!['DECISION_REFUSED', 'RUN_UNKNOWN'].includes(error.code ?? '')) throw error;
      });
    }
  }
}
