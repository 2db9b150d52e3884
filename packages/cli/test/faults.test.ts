import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { maestro } from './process.ts';
import { folder } from './project.ts';

/** How long something is away. In milliseconds; a minute and more where there is time. */
const AWAY_MS = Number(process.env.MAESTRO_TEST_AWAY_MS ?? 3_000);

const FLOW = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: flow, version: 1.0.0 }
spec:
  tasks:
    - { id: first, uses: tasks/wait.sleep@0.1.0, with: { ms: 2000 } }
    - { id: check, uses: tasks/schema.validate@0.1.0, needs: [first], with: { data: [{ x: 1 }], schema: { type: array } } }
    - { id: last, uses: tasks/wait.sleep@0.1.0, needs: [check], with: { ms: 8000 } }
`;

/** Where a process finds its server, seen from outside of its mounts. */
const stateOf = (pid: number | undefined, cwd: string) => path.join('/proc', String(pid), 'root', cwd, '.maestro');

function serverOf(state: string): number {
  return (JSON.parse(readFileSync(path.join(state, 'restate', 'server.json'), 'utf8')) as { pid: number }).pid;
}

/** Mounts of its own for one process, where the machine allows them; what is mounted is gone with the process. */
const mounts = [
  ['unshare', '--mount'],
  ['unshare', '--map-root-user', '--mount'],
].find(([command = '', ...args]) => spawnSync(command, [...args, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0);

test('a disk that is full is told; runs stand still, and go on by themselves when there is space', async () => {
  if (mounts === undefined) {
    process.stderr.write('this machine lets nobody mount a small disk: what a full one does is not tested here\n');
    return;
  }
  const cwd = folder({ 'runbooks/flow.yaml': FLOW });
  const state = path.join(cwd, '.maestro');
  mkdirSync(state);
  const within = [...mounts, 'sh', '-c', 'mount -t tmpfs -o size=110m tmpfs "$0" && exec "$@"', state];
  const run = maestro(cwd, ['run', 'flow', '--run-id', 'd1'], { within });
  await run.printed(/first started/);
  const inside = stateOf(run.child.pid, cwd);
  const server = serverOf(inside);
  onTestFinished(() => {
    try {
      process.kill(server, 'SIGKILL');
    } catch {
      // As it should be: it ended with its run.
    }
  });
  const ballast = path.join(inside, 'ballast');
  expect(() => writeFileSync(ballast, Buffer.alloc(128 * 1024 * 1024))).toThrow('ENOSPC');
  await run.printed(/no space is left for .*\(STATE_FOLDER_FULL\): runs stand still; free some, and they go on by themselves/);
  await delay(AWAY_MS);
  expect(run.child.exitCode).toBeNull();
  rmSync(ballast);
  await run.printed(/there is space again for .*; starting the embedded Restate server again/);
  expect(await run.ended, run.stdout + run.stderr).toBe(0);
  expect(run.stdout).toMatch(/first succeeded[\s\S]*check succeeded[\s\S]*last succeeded[\s\S]*succeeded in/);
  expect(run.stderr + run.stdout).not.toContain('abort error');
});

test('a server that stands still for a while is waited for', async () => {
  const cwd = folder({ 'runbooks/flow.yaml': FLOW });
  const run = maestro(cwd, ['run', 'flow', '--run-id', 's1']);
  await run.printed(/first started/);
  const server = serverOf(path.join(cwd, '.maestro'));
  process.kill(server, 'SIGSTOP');
  onTestFinished(() => {
    if (run.child.exitCode === null) process.kill(server, 'SIGKILL');
  });
  await delay(AWAY_MS);
  expect(run.child.exitCode).toBeNull();
  process.kill(server, 'SIGCONT');
  expect(await run.ended, run.stdout + run.stderr).toBe(0);
});
