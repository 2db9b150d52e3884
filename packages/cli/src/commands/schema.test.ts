import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { execute } from '../testing.ts';

function folder(): string {
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'maestro-schema-')));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test('maestro schema prints what -o writes, and --check tells when the tasks or workflows are other ones', async () => {
  const cwd = folder();
  const printed = await execute(['schema'], { cwd });
  expect(printed).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(printed.stdout)).toMatchObject({ definitions: { 'tasks.wait.sleep@0.1.0': { properties: { ms: {} } } } });

  expect(await execute(['schema', '--check', '-o', 'a/s.json'], { cwd })).toMatchObject({ code: 1 });
  expect(await execute(['schema', '-o', 'a/s.json'], { cwd })).toMatchObject({ code: 0, stdout: 'wrote a/s.json\n' });
  expect(readFileSync(path.join(cwd, 'a/s.json'), 'utf8')).toBe(printed.stdout);
  expect(await execute(['schema', '-o', 'a/s.json'], { cwd })).toMatchObject({ code: 0, stdout: 'a/s.json is current\n' });
  expect(await execute(['schema', '--check', '-o', 'a/s.json'], { cwd })).toMatchObject({ code: 0, stdout: '' });

  expect(await execute(['new', 'runbook', 'pause-briefly'], { cwd })).toMatchObject({ code: 0 });
  expect(await execute(['schema', '--check', '-o', 'a/s.json'], { cwd })).toMatchObject({ code: 1 });
  const beside = 'runbooks/maestro.schema.json';
  expect(await execute(['schema', '--check', '-o', beside], { cwd })).toMatchObject({ code: 0 });
  expect(readFileSync(path.join(cwd, beside), 'utf8')).toContain('"workflows/pause-briefly@0.1.0"');
});

test('--check without a file is wrong usage', async () => {
  expect(await execute(['schema', '--check'], { cwd: folder() })).toMatchObject({ code: 2, stdout: '' });
});
