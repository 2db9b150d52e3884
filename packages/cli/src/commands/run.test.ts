import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { folder, project } from '../../test/project.ts';
import { execute, start } from '../testing.ts';

const plain = { NO_COLOR: '1' };

describe('maestro run --ephemeral', () => {
  test('one line per event, and the outputs', async () => {
    const { code, stdout, stderr } = await execute(['run', 'hello', '--ephemeral', '--input', 'pause=2', '--run-id', 'r1'], {
      cwd: project(),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const clock = String.raw`\d\d:\d\d:\d\d`;
    expect(stdout).toMatch(
      new RegExp(
        `^hello@1\\.0\\.0 {2}run r1\\n${clock} run started sha256:\\w+\\n${clock} wait started tasks/wait\\.sleep@0\\.1\\.0\\n${clock} wait succeeded\\nsucceeded in \\w+ {2}run r1\\noutputs\\n {2}slept: 2\\n$`,
      ),
    );
  });

  test('--json prints every event and then the result, and nothing else', async () => {
    const { code, stdout, stderr } = await execute(['run', 'hello', '--ephemeral', '--json', '--input', 'pause=2'], { cwd: project() });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.type)).toEqual([
      'run.queued',
      'run.started',
      'task.started',
      'task.succeeded',
      'run.finished',
      'result',
    ]);
    expect(lines[0]).toMatchObject({ specversion: '1.0', source: 'maestro/hello@1.0.0' });
    expect(lines.at(-1).result).toMatchObject({ status: 'succeeded', outputs: { slept: 2 }, runId: lines[0].subject });
  });

  test('a failed attempt is told, and so is what a task logs and emits', async () => {
    const { code, stdout } = await execute(['run', 'flaky', '--ephemeral'], { cwd: project() });
    expect(code).toBe(0);
    expect(stdout).toMatch(/try attempt 1 failed: SERVICE_BUSY: the service is busy; again in \w+\n/);
    expect(stdout).toContain('try | trying {"attempt":2}\n');
    expect(stdout).toContain('try done {"attempt":2}\n');
  });

  test('a failed run says which task, why, and what next; the escape sequence in its message is harmless', async () => {
    const { code, stdout, stderr } = await execute(['run', 'broken', '--ephemeral'], { cwd: project() });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toContain('never skipped: it needs break, which failed\n');
    expect(stdout).toMatch(
      / {2}task break: THING_BROKEN: the thing is broken\\x1b\[2J\n {2}next: correct the cause, then maestro runs retry [\w-]+; `maestro tasks show tasks\/broken@1\.0\.0`/,
    );
    expect(stdout).not.toContain('\u001b');
  });

  test('no engine is started', async () => {
    const cwd = project();
    await execute(['run', 'hello', '--ephemeral', '--input', 'pause=1'], { cwd });
    expect(existsSync(path.join(cwd, '.maestro/restate'))).toBe(false);
  });
});

describe('approvals of an ephemeral run', () => {
  test('are asked for at the terminal; not the initiator, not nobody', async () => {
    const run = start(['run', 'gated', '--ephemeral', '--input', 'pause=1'], { cwd: project(), terminal: true, env: plain });
    await run.printed(/A decision is needed: ada wants to run gated\n {2}plan {5}gated@1\.0\.0\n {2}pause: 1\n {2}digest {3}sha256:\w+/);
    await run.printed(/As ombuds: \[approve\/reject\]/);
    run.type('approve');
    await run.printed(/name of the approver:/);
    run.type('ada');
    await run.printed(/ada started this run and cannot approve it/);
    run.type('olive');
    await run.printed(/comment/);
    run.type('fine');
    await run.printed(/As legal:/);
    run.type('a');
    run.type('lea');
    run.type('');
    const { code, stdout } = await run.finished;
    expect(code).toBe(0);
    expect(stdout).toContain('approved by olive as ombuds: fine');
    expect(stdout).toContain('slept: 1');
  });

  test('a rejection ends it: exit code 3', async () => {
    const run = start(['run', 'gated', '--ephemeral', '--input', 'pause=1'], { cwd: project(), terminal: true, env: plain });
    for (const line of ['reject', 'olive', 'not today']) run.type(line);
    const { code, stdout } = await run.finished;
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /failed in \w+.*\n {2}APPROVAL_REJECTED: rejected by olive \(ombuds\) at .*: not today\n {2}next: settle it with the approvers/,
    );
  });

  test('without a terminal nobody could give them: it does not start', async () => {
    const { code, stdout, stderr } = await execute(['run', 'gated', '--ephemeral', '--input', 'pause=1', '--json'], { cwd: project() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('error APPROVAL_IMPOSSIBLE: ');
  });
});

describe('Ctrl-C of an ephemeral run', () => {
  test('at a terminal one is asked; staying stays', async () => {
    const run = start(['run', 'slow', '--ephemeral'], { cwd: project(), terminal: true, env: plain });
    await run.printed(/wait .*tasks\/wait\.sleep/);
    run.signal('SIGINT');
    await run.printed(/Cancel the run \(it lives in this process only\), or stay\? \[cancel\/stay\]/);
    run.type('stay');
    await run.printed(/wait .*tasks\/wait\.sleep/);
    await new Promise((resolve) => setImmediate(resolve));
    run.signal('SIGINT');
    await run.printed(/Cancel the run/);
    run.type('cancel');
    const { code, stdout } = await run.finished;
    expect(code).toBe(3);
    expect(stdout).toContain('cancelled in ');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('elsewhere %s cancels it', async (signal, code) => {
    const run = start(['run', 'slow', '--ephemeral', '--json'], { cwd: project() });
    await run.printed(/task\.started/);
    run.signal(signal);
    const finished = await run.finished;
    expect(finished.code).toBe(code);
    expect(finished.stdout).toContain('"status":"cancelled"');
  });

  test('a second one quits', async () => {
    const run = start(['run', 'slow', '--ephemeral'], { cwd: project(), terminal: true, env: plain });
    await run.printed(/wait .*tasks\/wait\.sleep/);
    run.signal('SIGINT');
    await run.printed(/Cancel the run/);
    run.signal('SIGINT');
    expect((await run.finished).code).toBe(130);
  });
});

describe('what keeps a run from starting', () => {
  test('a runbook with errors, an unknown one, one this user may not start', async () => {
    const roles = `apiVersion: maestro/v1\nkind: Runbook\nmetadata: { name: closed, version: 1.0.0, owner: a@b, allowList: { roles: [dba] } }\nspec: { workflowRef: slow@1.0.0 }\n`;
    const cwd = project({
      'runbooks/closed.yaml': roles,
      'runbooks/half.yaml': 'apiVersion: maestro/v1\nkind: Workflow\nmetadata: { name: half, version: 1.0.0 }\nspec: {}\n',
    });
    expect(await execute(['run', 'half', '--ephemeral'], { cwd })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('error PLAN_REFUSED'),
    });
    expect(await execute(['run', 'helo', '--ephemeral'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "hello"?'),
    });
    expect(await execute(['run', 'closed', '--ephemeral'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('error ROLE_REQUIRED: closed@1.0.0 may be started by dba only; ada has the roles: sre'),
    });
  });

  test('a workspace that is not there, an artifact folder that cannot be made, a signing key that cannot be read', async () => {
    const cwd = project({ file: '' });
    const run = (argv: string[], env: Record<string, string> = {}) =>
      execute(['run', 'hello', '--ephemeral', '--input', 'pause=1', ...argv], { cwd, env });
    expect(await run(['--workspace', 'absent'])).toMatchObject({ code: 2, stderr: expect.stringContaining('error STATE_FOLDER_UNUSABLE') });
    expect(await run([], { MAESTRO_ARTIFACTS: 'file/below' })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('error STATE_FOLDER_UNUSABLE'),
    });
    expect(await run([], { MAESTRO_SIGNING_KEY_FILE: 'absent.pem' })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('absent.pem'),
    });
  });

  test('a run id that is none', async () => {
    const { code, stderr } = await execute(['run', 'hello', '--ephemeral', '--input', 'pause=1', '--run-id', '../x'], { cwd: project() });
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('error RUN_ID_INVALID: "../x" is no run id') });
  });

  test('--dry-run and --execute exclude each other', async () => {
    const { code, stderr } = await execute(['run', 'hello', '--dry-run', '--execute'], { cwd: project() });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "error USAGE: option '--execute' cannot be used with option '--dry-run'\n  next: see maestro run --help\n",
    });
  });
});

describe('runs that others could reach', () => {
  test.each([[['runs', 'attach', 'r1']], [['runs', 'cancel', 'r1']], [['approve', 'r1', '--role', 'x']], [['up']]])(
    '%j needs an engine that outlives its process',
    async (argv) => {
      const cwd = project();
      const { code, stderr } = await execute(argv, { cwd, env: { MAESTRO_ENGINE: 'in-process' } });
      expect(code).toBe(2);
      expect(stderr).toContain('error ENGINE_EPHEMERAL');
    },
  );
});

test('a message of several lines stays together', async () => {
  const cwd = folder({
    'runbooks/pack.yaml':
      'apiVersion: maestro/v1\nkind: Workflow\nmetadata: { name: pack, version: 1.0.0 }\nspec:\n  tasks:\n    - { id: package, uses: ops/disclosure.package@0.1.0, with: { files: [a.txt, b.txt], outPath: bundle.zip } }\n',
  });
  const { code, stdout } = await execute(['run', 'pack', '--ephemeral'], { cwd });
  expect(code).toBe(1);
  expect(stdout).toMatch(/\n {2}task package: FILE_NOT_FOUND: 2 of 2 files .*:\n {4}- "a\.txt" .*\n {4}- "b\.txt" .*\n {2}next: /);
});

test('a bundle is written, and signed with the configured key', async () => {
  const { generateKeyPairSync } = await import('node:crypto');
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const cwd = folder({
    'a.txt': 'hello',
    'key.pem': privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    'pub.pem': publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    'maestro.config.json': '{"signing": {"keyFile": "key.pem"}}',
    'runbooks/pack.yaml':
      'apiVersion: maestro/v1\nkind: Workflow\nmetadata: { name: pack, version: 1.0.0 }\nspec:\n  tasks:\n    - { id: package, uses: ops/disclosure.package@0.1.0, with: { files: [a.txt], outPath: bundle.zip } }\n',
  });
  expect(await execute(['run', 'pack', '--ephemeral'], { cwd })).toMatchObject({ code: 0 });
  expect(await execute(['verify', 'bundle.zip', '--key', 'pub.pem'], { cwd })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^verified {3}bundle\.zip: 1 file, 5 bytes,.*\n(.*\n)*signature {2}valid, by key \w{64}\n$/),
  });
  expect(await execute(['verify', 'bundle.zip'], { cwd })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('but not checked: give the public key with --key'),
  });
});
