import { join } from 'node:path';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { alice, Bench, eventually, plan } from './harness.ts';

const HOUR = 3_600_000;
const now = Date.now.bind(Date);

/** Sets the clock of this process, which is the worker: by so much it is wrong. */
function setClock(wrongBy: number): void {
  Date.now = () => now() + wrongBy;
}

afterEach(() => setClock(0));

/** Waits of the run below: of two tasks, of the time limit of one of them, and between attempts. */
const WAITS = 4;

async function waitsBegun({ folder }: Bench): Promise<number> {
  const { client } = await EmbeddedServer.open({ folder: join(folder, '.maestro', 'restate') });
  return (await client.query("select id from sys_journal where entry_type = 'Command: Sleep'")).length;
}

describe.each(['in-process', 'embedded'] as const)('a clock that jumps, %s', (engine) => {
  it.each([
    ['forward', HOUR],
    ['back', -HOUR],
  ])('%s: what waits goes on when its time has passed, not before and not an hour later', async (_, jump) => {
    const bench = new Bench();
    const runner = await bench.open(engine);
    try {
      const made = await plan({
        wait: { uses: 'wait', with: { ms: 1_200, times: 1 } },
        flaky: { uses: 'fail', with: { how: 'transient', times: 1, log: bench.log }, retry: { maxAttempts: 2, initialInterval: 1_200 } },
        limited: { uses: 'wait', with: { ms: 60_000, times: 1 }, timeout: 1_500, retry: { maxAttempts: 1 }, continueOnError: true },
      });
      const begin = performance.now();
      const handle = await runner.start({ plan: made, inputs: {}, initiator: alice });
      await eventually('the first attempt fails', () => bench.data('task.attempt-failed').length > 0);
      // A wait that begins after the jump would be wrong by it: the server has a clock that is right.
      if (engine === 'embedded') await eventually('everything waits', async () => (await waitsBegun(bench)) === WAITS);
      setClock(jump);
      const result = await handle.result();
      const took = performance.now() - begin;
      expect(result).toMatchObject({ status: 'succeeded' });
      expect(result.tasks.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'failed']);
      expect(took).toBeGreaterThan(1_100);
      expect(took).toBeLessThan(20_000);
    } finally {
      await bench.close();
    }
  });
});
