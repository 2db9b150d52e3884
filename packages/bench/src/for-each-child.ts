/** A worker of its own process that goes over lists of the lengths given as arguments; prints for each its milliseconds, and at the end the peak of its memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRunner } from '@summit/maestro-worker';
import { goOver, NOOP } from './engine-plan.ts';
import { peakKib } from './peak.ts';

const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
const runner = await openRunner({
  engine: { kind: 'embedded', dir: join(folder, '.maestro') },
  packages: [NOOP],
  from: import.meta.dirname,
  workspace: folder,
  artifactsDir: join(folder, 'artifacts'),
});
try {
  for (const argument of process.argv.slice(2)) {
    const items = Number(argument);
    const plan = await goOver(items, 100);
    const begin = performance.now();
    const { status, tasks, error } = await (await runner.start({ plan, inputs: {}, initiator: { id: 'bench', roles: [] } })).result();
    if (status !== 'succeeded' || tasks[0]?.items?.succeeded !== items) throw new Error(JSON.stringify(error));
    process.stdout.write(`${JSON.stringify({ items, ms: performance.now() - begin })}\n`);
  }
  process.stdout.write(`${JSON.stringify({ peakMib: peakKib() / 1024 })}\n`);
} finally {
  await runner.close();
  rmSync(folder, { recursive: true, force: true });
}
