import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { verifyBundle } from '@summit/maestro-tasks-core/ops/disclosure.verify';
import { expect, it } from 'vitest';
import { packageInChild, startPackaging } from './support/child.ts';
import { makeFolder } from './support/folder.ts';

const LEFTOVER = /^\.maestro-partial-/;

it('a process killed at any moment leaves the old bundle or a whole new one, and the next run cleans up', async () => {
  await using folder = await makeFolder({ 'a.bin': Buffer.alloc(30_000_000, 'The quick brown fox'), 'b.txt': 'b' });
  const payload = { files: ['a.bin', 'b.txt'], outPath: 'bundle.zip', level: 9 };
  packageInChild(folder.path, { ...payload, files: ['b.txt'] });
  let cut = 0;
  for (let i = 0; i < 12; i++) {
    const child = await startPackaging(folder.path, payload);
    const closed = once(child, 'close');
    // Moments spread over what a run takes; the first ones as soon as there is something half-written.
    if (i < 4) await appears(folder.path);
    await setTimeout((i % 4) * 25);
    child.kill('SIGKILL');
    await closed;
    if ((await readdir(folder.path)).some((name) => LEFTOVER.test(name))) cut++;
    expect(await verifyBundle(folder.file('bundle.zip'))).toMatchObject({ ok: true });
  }
  expect(cut).toBeGreaterThan(0);
  expect(packageInChild(folder.path, payload).error).toBeUndefined();
  const report = await verifyBundle(folder.file('bundle.zip'));
  expect([report.ok, report.files.length]).toEqual([true, 2]);
  expect((await readdir(folder.path)).sort()).toEqual(['a.bin', 'b.txt', 'bundle.zip']);
});

it('a run leaves alone what another process is still writing', async () => {
  await using folder = await makeFolder({ 'a.bin': Buffer.alloc(60_000_000, 'The quick brown fox'), 'b.txt': 'b' });
  const slow = await startPackaging(folder.path, { files: ['a.bin'], outPath: 'slow.zip', level: 9 });
  const closed = once(slow, 'close');
  await appears(folder.path);
  await writeFile(folder.file('.maestro-partial-other'), 'not ours');
  expect(packageInChild(folder.path, { files: ['b.txt'], outPath: 'fast.zip' }).error).toBeUndefined();
  await closed;
  expect(await verifyBundle(folder.file('slow.zip'))).toMatchObject({ ok: true });
  expect(existsSync(folder.file('.maestro-partial-other'))).toBe(true);
});

async function appears(folder: string): Promise<void> {
  while (!(await readdir(folder)).some((name) => LEFTOVER.test(name))) await setTimeout(1);
}
