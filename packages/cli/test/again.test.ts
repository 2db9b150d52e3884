import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { execute } from '../src/testing.ts';
import { maestro } from './process.ts';
import { project } from './project.ts';
import { sharedHistory } from './shared-history.ts';

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

const lines = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a run that failed is retried from where it failed, on the engine and off it', async () => {
  const cwd = engine();
  const file = path.join(cwd, 'mended');
  const failed = await execute(['run', 'repair', '--run-id', 'r1', '--input', `file=${file}`], { cwd });
  expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining('then maestro runs retry r1') });

  const again = await execute(['runs', 'retry', 'r1', '--run-id', 'r2'], { cwd });
  expect(again.code).toBe(1);
  expect(again.stdout).toMatch(/before taken over from the run before\n.*mend started/);

  writeFileSync(file, '');
  const retried = await execute(['runs', 'retry', 'r2', '--run-id', 'r3', '--json'], { cwd });
  expect(retried.code, retried.stderr).toBe(0);
  const events = lines(retried.stdout);
  expect(events[0]).toMatchObject({ type: 'run.queued', data: { parent: 'r2', ref: 'repair@1.0.0' } });
  expect(events.at(-1).result).toMatchObject({
    status: 'succeeded',
    parent: 'r2',
    outputs: { before: 1, after: 2, key: 'r1/mend' },
    tasks: [{ id: 'before', reused: true, attempts: 0 }, { id: 'mend' }, { id: 'after', attempts: 1 }],
  });

  const ephemeral = await execute(['runs', 'retry', 'r1', '--ephemeral'], { cwd });
  expect(ephemeral).toMatchObject({ code: 0, stdout: expect.stringContaining('key: r1/mend') });
});

test('a run that has just ended is retried from a shared history, although its end may still be on its way there', async () => {
  const cwd = engine();
  const shared = await sharedHistory();
  const env = { PATH: process.env.PATH ?? '', MAESTRO_HISTORY: shared };
  const up = maestro(cwd, ['up'], { env });
  await up.printed(/up: embedded engine/);
  await execute(['run', 'slow', '--detach', '--run-id', 's1'], { cwd, env });
  await up.printed(/s1 wait started/);
  expect(await execute(['runs', 'retry', 's1'], { cwd, env })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('RUN_UNFINISHED'),
  });
  const writer = new pg.Client(shared);
  await writer.connect();
  await writer.query('begin');
  await writer.query('lock table maestro_events in exclusive mode');
  expect((await execute(['runs', 'cancel', 's1', '--wait'], { cwd, env })).code).toBe(0);
  const retry = execute(['runs', 'retry', 's1', '--detach', '--run-id', 's2'], { cwd, env });
  // Time enough to be refused.
  await Promise.race([retry, delay(500)]);
  await writer.end();
  expect(await retry).toMatchObject({ code: 0, stdout: 's2\n' });
  await up.printed(/s2 wait started/);
});

test('a run is run again with its inputs: as the runbook is now, or as it was', async () => {
  const cwd = engine();
  const first = await execute(['run', 'hello', '--ephemeral', '--run-id', 'h1', '--input', 'pause=3', '--json'], { cwd });
  expect(first.code).toBe(0);
  const { result } = lines(first.stdout).at(-1);
  const now = (await import('node:fs')).readFileSync(path.join(cwd, 'runbooks/hello.yaml'), 'utf8');
  writeFileSync(path.join(cwd, 'runbooks/hello.yaml'), now.replace("ms: '${params.pause}'", "ms: '${params.pause + 1}'"));
  const changed = await execute(['runs', 'rerun', 'h1', '--run-id', 'h2', '--json'], { cwd });
  expect(lines(changed.stdout).at(-1).result).toMatchObject({ status: 'succeeded', parent: 'h1', outputs: { slept: 4 } });
  const same = await execute(['runs', 'rerun', 'h1', '--same-version', '--ephemeral', '--json'], { cwd });
  expect(lines(same.stdout).at(-1).result).toMatchObject({ status: 'succeeded', outputs: { slept: 3 }, planDigest: result.planDigest });
  const detached = await execute(['runs', 'rerun', 'h1', '--detach', '--run-id', 'h4'], { cwd });
  expect(detached).toMatchObject({ code: 0, stdout: 'h4\n' });
  const up = maestro(cwd, ['up']);
  await up.printed(/h4 succeeded/);

  writeFileSync(path.join(cwd, 'runbooks/hello.yaml'), now.replaceAll('name: pause', 'name: rest').replace('params.pause', 'params.rest'));
  expect(await execute(['runs', 'rerun', 'h1'], { cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/INPUT_INVALID: the inputs of hello@1\.0\.0 are wrong/),
  });
});

test('a retry is a run like any other: who may start it, who has to approve it', async () => {
  const cwd = engine();
  const file = path.join(cwd, 'mended');
  const repair = (await import('node:fs')).readFileSync(path.join(cwd, 'runbooks/repair.yaml'), 'utf8');
  const guarded = repair.replace(
    'owner: ops@test }',
    'owner: ops@test, allowList: { roles: [sre] }, approvals: { required: true, approvers: [lead] } }',
  );
  writeFileSync(path.join(cwd, 'runbooks/repair.yaml'), guarded);
  const up = maestro(cwd, ['up']);
  await up.printed(/up: embedded engine/);
  await execute(['run', 'repair', '--detach', '--run-id', 'r1', '--input', `file=${file}`], { cwd });
  await up.printed(/r1 waits for a decision/);
  expect(await execute(['runs', 'retry', 'r1'], { cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('error RUN_UNFINISHED: run r1 has not ended'),
  });
  await execute(['approve', 'r1', '--role', 'lead', '--by', 'lea'], { cwd });
  await up.printed(/r1 failed/);
  writeFileSync(file, '');
  const env = { PATH: process.env.PATH ?? '', MAESTRO_USER: 'eve', MAESTRO_ROLES: 'guest' };
  expect(await execute(['runs', 'retry', 'r1'], { cwd, env })).toMatchObject({ code: 2, stderr: expect.stringContaining('ROLE_REQUIRED') });
  const retry = await execute(['runs', 'retry', 'r1', '--detach', '--run-id', 'r2'], { cwd });
  expect(retry.stderr).toContain('maestro approve r2 --role lead');
  await up.printed(/r2 waits for a decision/);
  await execute(['approve', 'r2', '--role', 'lead', '--by', 'lea'], { cwd });
  await up.printed(/r2 succeeded/);
  expect(await execute(['runs', 'retry', 'r2'], { cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('error RUN_SUCCEEDED: run r2 succeeded: there is nothing to retry'),
  });
});

test('what there is nothing to make a run of says so', async () => {
  const cwd = project();
  await execute(['run', 'hello', '--ephemeral', '--dry-run', '--run-id', 'dry', '--input', 'pause=1'], { cwd });
  for (const [argv, expected] of [
    [['runs', 'retry', 'none'], /error RUN_UNKNOWN: the history knows no run none\n.*maestro runs list/],
    [['runs', 'rerun', 'none'], /error RUN_UNKNOWN: the history knows no run none/],
    [['runs', 'retry', 'dry'], /error RUN_SUCCEEDED/],
    [['runs', 'retry', 'x', '--detach', '--ephemeral'], /cannot be used with/],
    [['runs', 'retry'], /USAGE/],
  ] as const) {
    expect(await execute(argv, { cwd }), argv.join(' ')).toMatchObject({ code: 2, stderr: expect.stringMatching(expected) });
  }
});
