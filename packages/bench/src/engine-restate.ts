import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRunner } from '@summit/maestro-worker';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { chain, NOOP } from './engine-plan.ts';
import { compareInterleaved, type Figure } from './figure.ts';
import { perSecond } from './in-flight.ts';
import { serveRaw } from './raw-restate.ts';

const IN_FLIGHT = 200;
const TOTAL = 1_000;

/** Workflows a second of four journaled no-op tasks with 200 in flight, against the same written by hand; each on a server of its own, alike. */
export async function engineRestate(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
  const server = await EmbeddedServer.open({ folder: join(folder, 'raw') });
  const raw = await serveRaw(server.publicKey);
  const runner = await openRunner({
    engine: { kind: 'embedded', dir: join(folder, 'ours') },
    packages: [NOOP],
    from: import.meta.dirname,
    workspace: folder,
    artifactsDir: join(folder, 'artifacts'),
  });
  try {
    await server.client.register(raw.url);
    const plan = await chain(4);
    const initiator = { id: 'bench', roles: [] };
    let serial = 0;
    const ours = () =>
      perSecond(TOTAL, IN_FLIGHT, async () => {
        const result = await (await runner.start({ plan, inputs: {}, initiator, runId: `ours-${serial++}` })).result();
        if (result.status !== 'succeeded') throw new Error(JSON.stringify(result.error));
      });
    // The same two requests that our start and result make: send, then attach.
    const other = () =>
      perSecond(TOTAL, IN_FLIGHT, async () => {
        const key = `raw-${serial++}`;
        await server.client.send('Raw', key, { n: 1 });
        await server.client.result('Raw', key);
      });
    return [
      await compareInterleaved({
        figure: 'workflow of 4 journaled no-op tasks, 200 in flight',
        unit: 'workflows/s',
        ours,
        other,
        otherName: 'hand-written Restate',
        must: 0.8,
        better: 'higher',
        rounds: 9,
        warmUp: 3,
      }),
    ];
  } finally {
    await runner.close();
    raw.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
