import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { execute } from '../src/testing.ts';
import { folder } from './project.ts';

const packages = fileURLToPath(new URL('../..', import.meta.url));
const modules = path.join(packages, '..', 'node_modules');

/** A folder in which the packages of this workspace, and vitest, are installed. */
function installed(): string {
  const cwd = folder({ 'package.json': '{ "type": "module", "maestro": { "tasks": "./src/index.ts" } }' });
  mkdirSync(path.join(cwd, 'node_modules/@summit'), { recursive: true });
  for (const name of ['sdk', 'cli', 'tasks-core'])
    symlinkSync(path.join(packages, name), path.join(cwd, `node_modules/@summit/maestro-${name}`));
  symlinkSync(path.join(modules, 'vitest'), path.join(cwd, 'node_modules/vitest'));
  return cwd;
}

const vitest = (cwd: string) =>
  promisify(execFile)(
    process.execPath,
    [path.join(modules, 'vitest/vitest.mjs'), 'run', '--reporter', 'json', '--outputFile', 'report.json'],
    { cwd },
  );

test('a new task and a new runbook pass their tests', async () => {
  const cwd = installed();
  expect(await execute(['new', 'task', 'tasks/greet'], { cwd })).toMatchObject({ code: 0 });
  expect(await execute(['new', 'task', 'connectors/mail.send-letter'], { cwd })).toMatchObject({ code: 0 });
  expect(await execute(['new', 'runbook', 'nightly-export'], { cwd })).toMatchObject({ code: 0 });
  await vitest(cwd);
  const report = JSON.parse(readFileSync(path.join(cwd, 'report.json'), 'utf8'));
  expect(report).toMatchObject({ success: true, numFailedTests: 0 });
  expect(report.testResults.map((file: { name: string }) => path.basename(file.name)).sort()).toEqual([
    'greet.test.ts',
    'mail.send-letter.test.ts',
    'nightly-export.test.ts',
  ]);
});
