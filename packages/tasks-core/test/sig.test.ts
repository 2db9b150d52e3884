import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFolderArtifacts } from '@summit/maestro-sdk/artifacts';
import { startSigSandbox } from '@summit/maestro-sdk/testing';
import { afterAll, expect, it } from 'vitest';
import { growthExecutions, reportGrowth } from './support/heap.ts';

const support = join(import.meta.dirname, 'support');
const folder = mkdtempSync(join(tmpdir(), 'sig-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('killed between its batches (kill -9) and done again, sig.ingest has every item taken once, with a receipt for each', async () => {
  const count = 2_000;
  await using sig = await startSigSandbox();
  const lines = Array.from({ length: count }, (_, n) => `{"id":"i-${n}","payload":{"n":${n}}}\n`);
  const artifact = await createFolderArtifacts(folder).put(lines.join(''), { name: 'items.ndjson' });
  const args = [join(support, 'sig-child.ts'), folder, JSON.stringify({ endpoint: sig.url, artifact, batchSize: 50, concurrency: 2 })];
  let interrupted = 0;
  for (const at of [1, 25]) {
    // Each answer takes a moment, or it would be over before it is killed.
    sig.inject({ kind: 'slow', ms: 5 }, { times: 40 });
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const gone = once(child, 'exit');
    while (sig.counts.batches < at && child.exitCode === null) await new Promise(setImmediate);
    child.kill('SIGKILL');
    const [code] = (await gone) as [number | null];
    if (code === null) interrupted++;
    sig.clearFaults();
  }
  expect(interrupted).toBeGreaterThan(0);
  expect(sig.counts.batches).toBeLessThan(40);
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toMatchObject({ count, batches: 40 });
  expect(sig.counts.batches).toBe(40);
  expect(sig.counts.requests).toBeGreaterThan(40);
  expect(sig.effects.size).toBe(count);
  expect([...new Set(sig.effects.values())]).toEqual([1]);
});

it('keeps nothing of an execution', async () => {
  await using sig = await startSigSandbox({ keep: false, exports: { polls: 1 } });
  // Code that is compiled as it warms up takes some 300 KB, however many executions there are.
  const times = growthExecutions(400);
  const args = ['--expose-gc', join(support, 'sig-growth-child.ts'), sig.url, String(times)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { early, late } = JSON.parse(stdout) as { early: number; late: number };
  expect(reportGrowth('sig', (times * 4) / 5, late - early)).toBeLessThan(600_000);
});
