import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openHistory } from '@summit/maestro-worker';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { expect, onTestFinished, test } from 'vitest';
import { execute } from '../src/testing.ts';
import { BIN, maestro } from './process.ts';
import { project } from './project.ts';

const STORY = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: story, version: 1.0.0 }
spec:
  parameters:
    - { name: file, type: string, required: true }
  tasks:
    - { id: first, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }
    - { id: hold, uses: tasks/holding@1.0.0, needs: [first], with: { file: '\${params.file}' } }
    - { id: last, uses: tasks/wait.sleep@0.1.0, needs: [hold], with: { ms: 1 } }
  outputs:
    key: '\${tasks.hold.output.key}'
`;

test('a run that is left, whose terminal is closed and whose processes are killed, comes to its end, and its history is complete', async () => {
  const cwd = project({ 'runbooks/story.yaml': STORY });
  const folder = path.join(cwd, '.maestro', 'restate');
  onTestFinished(async () => {
    await (await EmbeddedServer.open({ folder })).stop();
    rmSync(path.join(cwd, '.maestro'), { recursive: true, force: true });
  });
  const file = path.join(cwd, 'go on');

  // A terminal: a shell that leads a process group of its own, with a worker in the background.
  const command = (...words: string[]) => [process.execPath, BIN, ...words].map((word) => `'${word}'`).join(' ');
  const script = `${command('up')} & ${command('run', 'story', '--detach', '--run-id', 's1', '--input', `file=${file}`)}; wait`;
  const { PATH = '', HOME = '' } = process.env;
  const terminal = spawn('sh', ['-c', script], { cwd, detached: true, env: { PATH, HOME }, stdio: ['ignore', 'pipe', 'ignore'] });
  const group = -(terminal.pid ?? 0);
  const closed = new Promise((resolve) => terminal.on('close', resolve));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    terminal.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      if (/s1 hold started/.test(said) && /^s1$/m.test(said)) resolve();
    });
    void closed.then(() => reject(new Error(`the terminal ended:\n${said}`)));
  });

  process.kill(group, 'SIGHUP');
  try {
    process.kill(group, 'SIGKILL');
  } catch (error) {
    // The group is gone already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  await closed;
  const { pid } = JSON.parse(readFileSync(path.join(folder, 'server.json'), 'utf8')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  writeFileSync(file, '');

  const up = maestro(cwd, ['up']);
  await up.printed(/1 unfinished run/);
  await up.printed(/s1 succeeded/);
  expect(await execute(['runs', 'attach', 's1'], { cwd })).toMatchObject({ code: 0, stdout: expect.stringContaining('key: s1/hold') });

  const shown = await execute(['runs', 'show', 's1'], { cwd });
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/first[\s\S]*hold[\s\S]*last/) });
  const history = await openHistory({ sqlite: path.join(cwd, '.maestro', 'history.db') });
  onTestFinished(() => history.close());
  const events = (await history.events('s1')).map(({ event }) => event);
  const told = events.filter(({ type }) => type !== 'task.log').map(({ id, type, data }) => [id, type, data.task ?? '']);
  // Everything once, and nothing missing: the numbers are without a gap.
  expect(told.map(([id]) => id)).toEqual(['s1/queued', ...Array.from({ length: told.length - 1 }, (_, n) => `s1/${n}`)]);
  expect(told.map(([, type, task]) => `${type} ${task}`.trim())).toEqual([
    'run.queued',
    'run.started',
    'task.started first',
    'task.succeeded first',
    'task.started hold',
    'task.succeeded hold',
    'task.started last',
    'task.succeeded last',
    'run.finished',
  ]);
  expect(await history.show('s1')).toMatchObject({
    status: 'succeeded',
    initiator: 'ada',
    inputs: { file },
    outputs: { key: 's1/hold' },
    taskTree: [
      { id: 'first', status: 'succeeded' },
      { id: 'hold', status: 'succeeded', attempts: 1 },
      { id: 'last', status: 'succeeded' },
    ],
  });
});
