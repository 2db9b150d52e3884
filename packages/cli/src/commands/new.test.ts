import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { folder } from '../../test/project.ts';
import { execute } from '../testing.ts';

describe('maestro new runbook', () => {
  test('writes one that lints clean and runs', async () => {
    const cwd = folder();
    const { code, stdout } = await execute(['new', 'runbook', 'nightly-export'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toBe(
      'wrote runbooks/nightly-export.yaml\nwrote runbooks/test/nightly-export.test.ts\nwrote runbooks/maestro.schema.json\nnext:\n  maestro run nightly-export --ephemeral\n  npx vitest run runbooks/test/nightly-export.test.ts\n',
    );
    expect(await execute(['lint'], { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await execute(['run', 'nightly-export', '--ephemeral'], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('slept: 100'),
    });
  });

  test('goes to the first configured catalog, or where it is told', async () => {
    const cwd = folder({ 'maestro.config.json': '{"catalogs": ["ours", "theirs"], "identity": {"user": "Ada Lovelace"}}' });
    await execute(['new', 'runbook', 'one'], { cwd });
    await execute(['new', 'runbook', 'two', '--dir', 'theirs'], { cwd });
    expect([existsSync(path.join(cwd, 'ours/one.yaml')), existsSync(path.join(cwd, 'theirs/two.yaml'))]).toEqual([true, true]);
    expect(await execute(['lint'], { cwd })).toMatchObject({ code: 0 });
  });

  test('overwrites nothing, and writes nothing where it cannot write all', async () => {
    const cwd = folder({ 'runbooks/test/hello.test.ts': 'mine' });
    const { code, stderr } = await execute(['new', 'runbook', 'hello'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(
      `error FILE_EXISTS: nothing was written: what is there is not overwritten\n  - ${cwd}/runbooks/test/hello.test.ts exists\n`,
    );
    expect(readdirSync(path.join(cwd, 'runbooks'))).toEqual(['test']);
  });

  test('a file where the folder of the test should be', async () => {
    const cwd = folder({ 'runbooks/test': '' });
    expect(await execute(['new', 'runbook', 'hello'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('error WRITE_FAILED: cannot write'),
    });
    expect(readdirSync(path.join(cwd, 'runbooks'))).toEqual(['test']);
  });

  test.each(['Hello', 'a_b', '-x', '../x', 'a--b', ''])('%j is no name', async (name) => {
    const { code, stderr } = await execute(['new', 'runbook', '--', name], { cwd: folder() });
    expect(code).toBe(2);
    expect(stderr).toContain(`error USAGE: "${name}" is no name of a runbook\n  next: write it in kebab-case`);
  });
});

describe('maestro new task', () => {
  test('writes one and its test, in a task package', async () => {
    const cwd = folder({ 'package.json': '{"maestro": {"tasks": "./dist/index.js"}}' });
    const { code, stdout } = await execute(['new', 'task', 'connectors/pager.page-somebody'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toBe(
      "wrote src/connectors/pager.page-somebody.ts\nwrote src/connectors/pager.page-somebody.test.ts\nnext:\n  add pagerPageSomebody to the package's list of tasks, and build the package\n  npx vitest run src/connectors/pager.page-somebody.test.ts\n",
    );
    expect(await execute(['new', 'task', 'connectors/pager.page-somebody'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('FILE_EXISTS'),
    });
  });

  test('elsewhere it wants to know where', async () => {
    const cwd = folder();
    for (const text of [undefined, '{}', 'not JSON']) {
      if (text !== undefined) writeFileSync(path.join(cwd, 'package.json'), text);
      const { code, stderr } = await execute(['new', 'task', 'tasks/x'], { cwd });
      expect(code).toBe(2);
      expect(stderr).toContain(`error NOT_A_TASK_PACKAGE: ${cwd} is not a task package`);
    }
    expect(await execute(['new', 'task', 'tasks/x', '--dir', 'lib'], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('wrote lib/tasks/x.ts'),
    });
  });

  test.each(['x', 'things/x', 'tasks/X', 'tasks/../x', 'tasks/x.', 'tasks/1x'])('%s is no name', async (name) => {
    expect(await execute(['new', 'task', name, '--dir', '.'], { cwd: folder() })).toMatchObject({
      code: 2,
      stderr: `error USAGE: "${name}" is no name of a task\n  next: write tasks/x, connectors/service.verb or ops/thing.verb, in small letters\n`,
    });
  });
});
