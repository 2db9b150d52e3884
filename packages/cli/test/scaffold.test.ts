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

/** What is looked at of vitest's JSON. */
interface Report {
  success: boolean;
  testResults: { name: string; message: string; assertionResults: { failureMessages: string[] }[] }[];
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
  const { stderr } = await vitest(cwd).catch((error: { stderr: string }) => error);
  const report: Report = JSON.parse(readFileSync(path.join(cwd, 'report.json'), 'utf8'));
  const complaints = report.testResults.flatMap(({ message, assertionResults }) => [
    message,
    ...assertionResults.flatMap(({ failureMessages }) => failureMessages),
  ]);
  expect(complaints.filter((text) => text !== '')).toEqual([]);
  expect(report, stderr).toMatchObject({ success: true, numFailedTests: 0 });
  expect(report.testResults.map(({ name }) => path.basename(name)).sort()).toEqual([
    'greet.test.ts',
    'mail.send-letter.test.ts',
    'nightly-export.test.ts',
  ]);
});
