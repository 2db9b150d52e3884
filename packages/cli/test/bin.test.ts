import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { maestro } from './process.ts';
import { project } from './project.ts';

test('the command is the function, with the streams and the exit code of its process', async () => {
  const good = maestro(project(), ['run', 'hello', '--ephemeral', '--input', 'pause=1']);
  expect(await good.ended).toBe(0);
  expect(good.stdout).toContain('slept: 1');
  const bad = maestro(project(), ['run', 'broken', '--ephemeral']);
  expect(await bad.ended).toBe(1);
  const wrong = maestro(project(), ['rn']);
  expect(await wrong.ended).toBe(2);
  expect(wrong).toMatchObject({ stdout: '', stderr: expect.stringContaining("unknown command 'rn'; did you mean run?") });
});

test('the bin file is under 20 lines', () => {
  expect(
    readFileSync(new URL('../bin/maestro.js', import.meta.url), 'utf8')
      .trimEnd()
      .split('\n').length,
  ).toBeLessThan(20);
});

test('a configuration in TypeScript is run as it is', async () => {
  const cwd = project({
    'other.config.ts': "const user: string = 'grace';\nexport default { identity: { user }, packages: ['@summit/maestro-tasks-core'] };\n",
  });
  const run = maestro(cwd, ['tasks', 'list', '--config', 'other.config.ts']);
  expect(await run.ended).toBe(0);
  expect(run.stdout).toContain('tasks/wait.sleep@0.1.0');
  expect(run.stdout).not.toContain('tasks/echo');
});

test('a reader that goes away is no error, and does not stop a run', async () => {
  for (const argv of [
    ['tasks', 'list', '--json'],
    ['run', 'hello', '--ephemeral', '--json', '--input', 'pause=300'],
  ]) {
    const run = maestro(project(), argv);
    await run.printed(/\{/);
    run.child.stdout?.destroy();
    expect(await run.ended).toBe(0);
    expect(run.stderr).toBe('');
  }
});

test('lint loads no engine, no task and no schema library', async () => {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ load(url, context, next) { process.stderr.write('loaded ' + url + '\\n'); return next(url, context); } });`;
  const run = maestro(project({ 'maestro.config.json': '{}', 'runbooks/flaky.yaml': '{}' }), ['lint', 'runbooks/hello.yaml'], {
    node: ['--import', `data:text/javascript,${encodeURIComponent(hook)}`],
  });
  expect(await run.ended).toBe(0);
  const loaded = run.stderr.split('\n').filter((line) => line.startsWith('loaded '));
  expect(loaded.length).toBeGreaterThan(20);
  expect(
    loaded.filter((line) => /restate|typebox|archiver|pino|tasks-core\/dist\/.*\.js|ajv\/dist|worker\/dist\/(?!packages\/)/.test(line)),
  ).toEqual([]);
});
