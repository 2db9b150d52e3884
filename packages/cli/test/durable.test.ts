import { rmSync } from 'node:fs';
import path from 'node:path';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { describe, expect, onTestFinished, test } from 'vitest';
import { execute, start } from '../src/testing.ts';
import { maestro } from './process.ts';
import { project } from './project.ts';

/** A project whose embedded engine is stopped after the test, whatever was left running. */
function engine(): string {
  const cwd = project();
  onTestFinished(async () => {
    const folder = path.join(cwd, '.maestro', 'restate');
    await (await EmbeddedServer.open({ folder })).stop();
    rmSync(path.join(cwd, '.maestro'), { recursive: true, force: true });
  });
  return cwd;
}

const plain = { NO_COLOR: '1', PATH: process.env.PATH ?? '' };

describe('a run without a terminal', () => {
  test('waits, says how to decide, and goes on when others have', async () => {
    const cwd = engine();
    const run = maestro(cwd, ['run', 'gated', '--run-id', 'g1', '--input', 'pause=1', '--json']);
    await run.printed(/"run\.awaiting-approval"/);
    const [command] = await run.printed(/maestro approve g1 --role ombuds/);
    expect(run.stderr).toContain('run g1 waits for a decision; give it from another terminal:');
    const listed = await execute(['runs', 'list'], { cwd });
    expect(listed.stdout).toMatch(/^g1 {3}gated@1\.0\.0 {2}awaiting-approval .* ada {2}waits for ombuds, legal$/m);
    const own = await execute(command.split(' ').slice(1), { cwd });
    expect(own).toMatchObject({ code: 2, stderr: expect.stringContaining('error DECISION_REFUSED: run g1: ada started this run') });
    expect(await execute([...command.split(' ').slice(1), '--by', 'olive', '--comment', 'fine'], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^approved run g1 as ombuds, by olive\n {2}ada wants to run gated\n {2}digest sha256:\w{64}\n$/),
    });
    expect(await execute(['approve', 'g1', '--role', 'legal', '--by', 'lea', '--digest', 'sha256:other'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('what was shown (sha256:other) is not what is asked about (sha256:'),
    });
    expect(await execute(['approve', 'g1', '--role', 'legal', '--by', 'lea'], { cwd })).toMatchObject({ code: 0 });
    expect(await run.ended).toBe(0);
    const lines = run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ type }) => type)).toEqual([
      'run.queued',
      'run.awaiting-approval',
      'decision.made',
      'decision.made',
      'run.started',
      'task.started',
      'task.succeeded',
      'run.finished',
      'result',
    ]);
    expect(lines.at(-1).result).toMatchObject({
      status: 'succeeded',
      approvals: [
        { by: 'olive', role: 'ombuds', comment: 'fine' },
        { by: 'lea', role: 'legal' },
      ],
    });
    // The same id again is the same run; another runbook under it is refused.
    expect(await execute(['run', 'gated', '--run-id', 'g1', '--input', 'pause=1'], { cwd })).toMatchObject({ code: 0 });
    expect(await execute(['run', 'hello', '--run-id', 'g1', '--input', 'pause=1'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('error RUN_ID_TAKEN: run g1 existed already'),
    });
    expect((await execute(['runs', 'list', '--json'], { cwd })).stdout).toMatch(/^\{"runId":"g1",.*"status":"succeeded"/);
  });

  test('a rejection from another terminal ends it: exit code 3', async () => {
    const cwd = engine();
    const run = maestro(cwd, ['run', 'gated', '--run-id', 'g1', '--input', 'pause=1']);
    await run.printed(/maestro reject g1 --role legal/);
    expect(await execute(['reject', 'g1', '--role', 'legal', '--by', 'lea', '--comment', 'not yet'], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('rejected run g1 as legal, by lea\n'),
    });
    expect(await run.ended).toBe(3);
    expect(run.stdout).toMatch(/APPROVAL_REJECTED: rejected by lea \(legal\) at .*: not yet/);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s leaves it; it can be followed again, and cancelled', async (signal, code) => {
    const cwd = engine();
    const run = maestro(cwd, ['run', 'slow', '--run-id', 's1']);
    await run.printed(/wait started/);
    run.child.kill(signal);
    expect(await run.ended).toBe(code);
    expect(run.stdout).toContain('run s1 is not finished. It goes on while a worker is up: maestro up\n');
    expect(run.stdout).toContain('maestro runs attach s1\n');
    expect(run.stderr).toBe('');

    const again = maestro(cwd, ['runs', 'attach', 's1']);
    await again.printed(/wait started/);
    const guest = maestro(cwd, ['runs', 'attach', 's1']);
    // Another process executes it; its events come from the history.
    await guest.printed(/wait started/);
    expect(await execute(['runs', 'cancel', 's1'], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('run s1 is being cancelled'),
    });
    expect(await again.ended).toBe(3);
    expect(again.stdout).toMatch(/\ncancelled {2}run s1\n$/);
    expect(await guest.ended).toBe(3);
    expect(guest.stdout).toMatch(/ wait cancelled\ncancelled {2}run s1\n$/);
  });

  test('killed in the middle, it is finished by maestro up', async () => {
    const cwd = engine();
    const run = maestro(cwd, ['run', 'gated', '--run-id', 'k1', '--input', 'pause=1', '--json']);
    await run.printed(/"run\.awaiting-approval"/);
    // The engine has it as well.
    await expect.poll(async () => (await execute(['runs', 'list'], { cwd })).stdout, { timeout: 30_000 }).toContain('awaiting-approval');
    run.child.kill('SIGKILL');
    await run.ended;
    const up = maestro(cwd, ['up']);
    await up.printed(
      /up: embedded engine, 1 unfinished run; Ctrl-C stops, runs go on at the next start\n {2}k1 {2}waiting, waits for ombuds, legal/,
    );
    for (const role of ['ombuds', 'legal'])
      expect(await execute(['approve', 'k1', '--role', role, '--by', 'olive'], { cwd })).toMatchObject({ code: 0 });
    await up.printed(/k1 succeeded/);
    up.child.kill('SIGINT');
    expect(await up.ended).toBe(0);
  });
});

describe('a run at a terminal', () => {
  test('asks for its approvals; one that is given elsewhere meanwhile is asked no more', async () => {
    const cwd = engine();
    const run = start(['run', 'gated', '--run-id', 't1', '--input', 'pause=1'], { cwd, terminal: true, env: plain });
    await run.printed(/digest {3}sha256:\w{64} \(what is approved is exactly this\)\nAs ombuds: \[approve\/reject\/later\]/);
    run.type('later');
    await run.printed(/maestro approve t1 --role ombuds/);
    await run.printed(/As legal:/);
    expect(await execute(['approve', 't1', '--role', 'legal', '--by', 'lea'], { cwd })).toMatchObject({ code: 0 });
    await run.printed(/approved by lea as legal/);
    expect(await execute(['approve', 't1', '--role', 'ombuds', '--by', 'olive'], { cwd })).toMatchObject({ code: 0 });
    const { code, stdout } = await run.finished;
    expect(code).toBe(0);
    expect(stdout).toContain('slept: 1');
  });

  test('Ctrl-C asks: stay, leave, and cancel', async () => {
    const cwd = engine();
    const first = start(['run', 'gated', '--run-id', 't2', '--input', 'pause=1'], { cwd, terminal: true, env: plain });
    await first.printed(/As ombuds:/);
    first.signal('SIGINT');
    await first.printed(/Leave the run \(it goes on while a worker is up\), cancel it, or stay\? \[leave\/cancel\/stay\]/);
    first.type('stay');
    await first.printed(/As ombuds:/);
    first.signal('SIGINT');
    await first.printed(/\[leave\/cancel\/stay\]/);
    first.type('leave');
    expect(await first.finished).toMatchObject({ code: 130, stdout: expect.stringContaining('maestro runs attach t2') });

    const second = start(['runs', 'attach', 't2'], { cwd, terminal: true, env: plain });
    await second.printed(/As ombuds:/);
    second.signal('SIGINT');
    await second.printed(/\[leave\/cancel\/stay\]/);
    second.type('cancel');
    expect(await second.finished).toMatchObject({ code: 3, stdout: expect.stringContaining('cancelled  run t2') });
  });
});

test('the first signal waits for an attempt that is on, the second does not', async () => {
  const cwd = engine();
  const run = maestro(cwd, ['run', 'stubborn', '--run-id', 'x1']);
  await run.printed(/hold started/);
  run.child.kill('SIGINT');
  await run.printed(/run x1 is not finished/);
  const before = performance.now();
  run.child.kill('SIGTERM');
  expect(await run.ended).toBe(143);
  expect(performance.now() - before).toBeLessThan(5_000);
});

test('a run that does not exist', async () => {
  const cwd = engine();
  for (const argv of [
    ['runs', 'attach', 'none'],
    ['runs', 'cancel', 'none'],
  ]) {
    expect(await execute(argv, { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('error RUN_UNKNOWN: there is no run none'),
    });
  }
});
