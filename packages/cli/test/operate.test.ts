import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { describe, expect, onTestFinished, test } from 'vitest';
import { execute } from '../src/testing.ts';
import { maestro } from './process.ts';
import { project } from './project.ts';

/** A project whose embedded engine is stopped after the test, whatever was left running. */
function engine(extra: Record<string, string> = {}): string {
  const cwd = project(extra);
  onTestFinished(async () => {
    const folder = path.join(cwd, '.maestro', 'restate');
    await (await EmbeddedServer.open({ folder })).stop();
    rmSync(path.join(cwd, '.maestro'), { recursive: true, force: true });
  });
  return cwd;
}

describe('a run that is left to a worker', () => {
  test('is kept where there is none, decided on and listed there, and brought to its end by maestro up', async () => {
    const cwd = engine();
    const detached = await execute(['run', 'gated', '--detach', '--run-id', 'd1', '--input', 'pause=1'], { cwd });
    expect(detached).toMatchObject({ code: 0, stdout: 'd1\n' });
    expect(detached.stderr).toMatch(
      /it waits for decisions; each is given with:\n {2}maestro approve d1 --role ombuds\n {2}maestro approve d1 --role legal\nfollow it: {2}maestro runs attach d1\nit is kept, and nothing of it is done yet: no worker is up; it goes on with: maestro up\n/,
    );
    const first = maestro(cwd, ['up']);
    await first.printed(/d1 waits for a decision/);
    first.child.kill('SIGINT');
    expect(await first.ended).toBe(0);
    for (const role of ['ombuds', 'legal']) {
      const approved = await execute(['approve', 'd1', '--role', role, '--by', 'olive'], { cwd });
      expect(approved.stderr).toBe('');
      expect(approved).toMatchObject({ code: 0, stdout: expect.stringContaining('\n  no worker is up; it goes on with: maestro up\n') });
    }
    expect(await execute(['approve', 'd1', '--role', 'legal', '--by', 'olive'], { cwd })).toMatchObject({ code: 2 });
    const up = maestro(cwd, ['up']);
    await up.printed(/d1 succeeded/);
    expect(await execute(['runs', 'attach', 'd1'], { cwd })).toMatchObject({ code: 0, stdout: expect.stringContaining('slept: 1') });
    expect(await execute(['run', 'gated', '--detach', '--run-id', 'd1', '--input', 'pause=1'], { cwd })).toMatchObject({
      code: 0,
      stdout: 'd1\n',
      stderr: 'it was started before, and is succeeded: maestro runs attach d1\n',
    });
    for (const how of ['--detach', '--json'])
      expect(await execute(['run', 'gated', how, '--run-id', 'd1', '--input', 'pause=2'], { cwd })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('error RUN_ID_TAKEN: run d1 existed already and has run the plan with other inputs'),
      });
    expect(await execute(['run', 'slow', '--detach', '--run-id', 'd1'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('error RUN_ID_TAKEN: run d1 existed already and has run another plan'),
    });
  });

  test('is served by the worker there is; its id alone is on standard output', async () => {
    const cwd = engine();
    const up = maestro(cwd, ['up']);
    await up.printed(/up: embedded engine/);
    const { code, stdout, stderr } = await execute(['run', 'hello', '--detach', '--input', 'pause=1'], { cwd });
    expect(code).toBe(0);
    const id = stdout.trim();
    expect(stderr).toBe(`follow it:  maestro runs attach ${id}\n`);
    await up.printed(new RegExp(`${id} succeeded`));
    const json = await execute(['run', 'hello', '--detach', '--json', '--run-id', 'j1', '--input', 'pause=1'], { cwd });
    expect(JSON.parse(json.stdout)).toEqual({
      type: 'detached',
      runId: 'j1',
      ref: 'hello@1.0.0',
      planDigest: expect.stringMatching(/^sha256:/),
      served: true,
    });
  });
});

test('a run is paused, resumed, cancelled and waited for; what has ended says so', async () => {
  const cwd = engine();
  const up = maestro(cwd, ['up']);
  await up.printed(/up: embedded engine/);
  await execute(['run', 'slow', '--detach', '--run-id', 's1'], { cwd });
  await up.printed(/s1 wait started/);
  expect(await execute(['runs', 'resume', 's1'], { cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('error RUN_NOT_STUCK: run s1 is not paused'),
  });
  expect(await execute(['runs', 'pause', 's1'], { cwd })).toMatchObject({
    code: 0,
    stdout:
      'run s1 is being paused: attempts that are on come to their end, nothing more begins\n  it goes on with: maestro runs resume s1\n',
  });
  await expect
    .poll(async () => (await execute(['runs', 'list'], { cwd })).stdout, { timeout: 10_000 })
    .toMatch(/^s1 {3}slow@1\.0\.0 {2}paused .*\ns1 was paused by hand; it goes on with: maestro runs resume s1\n$/m);
  expect(await execute(['runs', 'resume', 's1'], { cwd })).toMatchObject({ code: 0, stdout: 'run s1 goes on\n' });
  expect(await execute(['runs', 'resume', '--all'], { cwd })).toMatchObject({ code: 0, stdout: 'no run is stuck\n' });
  for (const argv of [
    ['runs', 'resume'],
    ['runs', 'resume', 's1', '--all'],
  ])
    expect(await execute(argv, { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('expected the id of a run, or --all') });
  const cancelled = await execute(['runs', 'cancel', 's1', '--wait'], { cwd });
  expect(cancelled).toMatchObject({ code: 0, stdout: 'cancelled  run s1\n' });
  expect(await execute(['runs', 'cancel', 's1'], { cwd })).toMatchObject({ code: 0, stdout: 'run s1 was cancelled before\n' });
  for (const verb of ['pause', 'resume']) {
    expect(await execute(['runs', verb, 's1'], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('error RUN_ENDED: run s1 has ended: it was cancelled'),
    });
  }
  await execute(['run', 'hello', '--run-id', 'h1', '--input', 'pause=1'], { cwd });
  expect(await execute(['runs', 'cancel', 'h1'], { cwd })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('run h1 has ended: it succeeded'),
  });
  // One that waits for approval ends where it stands, and one that is killed at once.
  await execute(['run', 'gated', '--detach', '--run-id', 'g1', '--input', 'pause=1'], { cwd });
  await up.printed(/g1 waits for a decision/);
  expect(await execute(['runs', 'cancel', 'g1', '--wait'], { cwd })).toMatchObject({ code: 0, stdout: 'cancelled  run g1\n' });
  await execute(['run', 'slow', '--detach', '--run-id', 'k1'], { cwd });
  await up.printed(/k1 wait started/);
  expect(await execute(['runs', 'cancel', 'k1', '--kill'], { cwd })).toMatchObject({
    code: 0,
    stdout: 'run k1 was ended in the engine: nothing is undone, and what was being executed may still come to its end\n',
  });
  expect((await execute(['runs', 'list', '--status', 'queued', '--status', 'running'], { cwd })).stdout).toBe('no such runs\n');
});

test('what is asked for while nobody is there is kept: a cancel is carried out by the next worker', async () => {
  const cwd = engine();
  await execute(['run', 'slow', '--detach', '--run-id', 's1'], { cwd });
  const listed = await execute(['runs', 'list'], { cwd });
  expect(listed.stdout).toMatch(/^s1 {3}slow@1\.0\.0 {2}(queued|running|retrying) /m);
  expect(listed.stderr).toBe('no engine is up; what has not ended goes on with: maestro up\n');
  expect(await execute(['runs', 'cancel', 's1', '--wait'], { cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/error WORKER_MISSING: the cancel of run s1 is recorded, .*\n.*maestro up/),
  });
  const up = maestro(cwd, ['up']);
  await up.printed(/s1 cancelled/);
});

test('a run whose code has changed is stuck: every command says so, a cancel has no effect, and --kill ends it', async () => {
  const cwd = engine({ 'runbooks/rewritten.yaml': REWRITTEN });
  const file = path.join(cwd, 'changed');
  const first = maestro(cwd, ['run', 'rewritten', '--run-id', 'c1', '--input', `file=${file}`]);
  await first.printed(/it started/);
  await expect.poll(async () => (await execute(['runs', 'list'], { cwd })).stdout, { timeout: 30_000 }).toContain('running');
  first.child.kill('SIGINT');
  await first.ended;
  writeFileSync(file, '');
  const up = maestro(cwd, ['up']);
  await up.printed(/1 unfinished run/);
  const why = /c1 is stuck: CODE_CHANGED: the worker's code does not take the steps that the run has recorded/;
  await expect.poll(async () => (await execute(['runs', 'list'], { cwd })).stdout, { timeout: 30_000 }).toMatch(why);
  expect(await execute(['runs', 'resume', '--all'], { cwd })).toMatchObject({ code: 0, stdout: '1 run of 1 resumed\n' });
  await expect.poll(async () => (await execute(['runs', 'list'], { cwd })).stdout, { timeout: 30_000 }).toMatch(why);
  expect(await execute(['runs', 'resume', '--all', '--deployment', 'dp_none'], { cwd })).toMatchObject({
    code: 1,
    stdout: '0 runs of 1 resumed with deployment dp_none\n',
    stderr: expect.stringMatching(/^c1 stays as it is: run c1 cannot go on with deployment "dp_none": .*there are: dp_/),
  });
  const attached = maestro(cwd, ['runs', 'attach', 'c1']);
  await attached.printed(why);
  attached.child.kill('SIGKILL');
  expect(await execute(['runs', 'cancel', 'c1', '--wait'], { cwd })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /error RUN_STUCK: the cancel of run c1 is recorded, but .*CODE_CHANGED[\s\S]*maestro runs cancel c1 --kill/,
    ),
  });
  expect(await execute(['runs', 'cancel', 'c1', '--kill'], { cwd })).toMatchObject({ code: 0 });
  await expect.poll(async () => (await execute(['runs', 'show', 'c1'], { cwd })).stdout, { timeout: 30_000 }).toContain('RUN_KILLED');
  // It was undone by nobody: what it had done would be taken over.
  rmSync(file);
  expect(await execute(['runs', 'retry', 'c1', '--detach', '--run-id', 'c2'], { cwd })).toMatchObject({ code: 0, stdout: 'c2\n' });
});

const REWRITTEN = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: rewritten, version: 1.0.0 }
spec:
  parameters:
    - { name: file, type: string, required: true }
  tasks:
    - { id: it, uses: tasks/rewritten@1.0.0, with: { file: '\${params.file}' } }
`;

test('what cannot be is refused, and says why', async () => {
  const cwd = engine();
  for (const [argv, expected] of [
    [['run', 'hello', '--detach', '--ephemeral', '--input', 'pause=1'], /'--detach' cannot be used with option '--ephemeral'/],
    [['run', 'hello', '--detach'], /INPUT_INVALID: the inputs of hello@1\.0\.0 are wrong/],
    [['run', 'hello', '--detach', '--run-id', 'a/b', '--input', 'pause=1'], /RUN_ID_INVALID: "a\/b" is no run id/],
    [['runs', 'cancel', '../../etc'], /RUN_ID_INVALID/],
    [['runs', 'cancel', 'none', '--wait', '--kill'], /cannot be used with option/],
    [['runs', 'pause', 'none'], /RUN_UNKNOWN: there is no run none/],
    [['runs', 'resume', 'none', '--deployment', 'latest'], /RUN_UNKNOWN: there is no run none/],
    [['approve', 'none', '--role', 'x'], /RUN_UNKNOWN: there is no run none/],
  ] as const) {
    expect(await execute(argv, { cwd })).toMatchObject({ code: 2, stderr: expect.stringMatching(expected) });
  }
});

test('commands about runs say what to do where runs live in their process', async () => {
  const cwd = project({ 'maestro.config.json': JSON.stringify({ engine: 'in-process' }) });
  for (const argv of [
    ['run', 'hello', '--detach', '--input', 'pause=1'],
    ['runs', 'pause', 'x'],
    ['runs', 'resume', 'x'],
    ['runs', 'cancel', 'x'],
  ]) {
    expect(await execute(argv, { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('error ENGINE_EPHEMERAL') });
  }
});
