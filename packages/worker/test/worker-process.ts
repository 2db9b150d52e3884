/** A worker in a process of its own, to be killed: starts (or finds) one run in a folder and prints its result. */
import { planDigest } from '@summit/maestro-manifest';
import { openRunner } from '@summit/maestro-worker';
import { alice, FIXTURES } from './harness.ts';

const [folder, runId, planJson] = process.argv.slice(2);
if (folder === undefined || runId === undefined || planJson === undefined) throw new Error('usage: worker-process <folder> <runId> <plan>');
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

const runner = await openRunner({
  engine: { kind: 'embedded', dir: `${folder}/.maestro` },
  packages: [FIXTURES],
  from: import.meta.dirname,
  workspace: folder,
  artifactsDir: `${folder}/.maestro/artifacts`,
  history: { sqlite: `${folder}/.maestro/history.db` },
});
say({ said: 'open' });
const plan = JSON.parse(planJson);
const handle = await runner.start({ plan, inputs: {}, initiator: alice, runId });
say({ said: 'started', digest: planDigest(plan) });
say({ said: 'result', result: await handle.result() });
// Without closing: a worker that is not stopped in order is the case this process is for.
process.exit(0);
