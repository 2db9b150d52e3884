import type { Plan } from '@summit/maestro-manifest';
import type { RunEvent, RunEventType, RunResult } from '@summit/maestro-worker';
import pc from 'picocolors';
import { expect, test } from 'vitest';
import { liveView } from './live-view.ts';

/** A terminal as far as the view uses one: lines, cursor up, clear to the end. */
function screen(columns = 160) {
  let lines: string[] = [''];
  let row = 0;
  const write = (text: string) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal understands
    for (const part of text.match(/\u001b\[\d*[AJ]|\n|\r|[^\u001b\n\r]+/g) ?? []) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal understands
      const up = /^\u001b\[(\d+)A$/.exec(part);
      if (up) row -= Number(up[1]);
      else if (part === '\u001b[J') lines = [...lines.slice(0, row), ''];
      else if (part === '\n') lines[++row] ??= '';
      else if (part !== '\r') {
        if (part.length > columns) throw new Error(`wraps: ${part}`);
        lines[row] = (lines[row] ?? '') + part;
      }
      if (row < 0) throw new Error('moved above the screen');
    }
  };
  const out = { isTTY: true, colors: pc.createColors(false), write, line: (line = '') => write(`${line}\n`) };
  return { terminal: { out, columns: () => columns }, text: () => lines.join('\n') };
}

function plan(ids: string[]): Plan {
  const task = (id: string) => ({ id, uses: { name: 'tasks/x', version: '0.1.0', digest: '' }, needs: [], with: {} });
  return {
    apiVersion: 'maestro/v1',
    kind: 'Plan',
    workflow: { name: 'w', version: '1.0.0' },
    inputs: [],
    bindings: {},
    parameters: [],
    tasks: ids.map(task),
    outputs: {},
  };
}

function event(type: RunEventType, data: RunEvent['data'], time = '2030-01-01T00:00:00.000Z'): RunEvent {
  return { specversion: '1.0', id: 'r/0', source: 'maestro/w@1.0.0', type, time, subject: 'r', data };
}

const ended: RunResult = {
  runId: 'r',
  status: 'failed',
  error: { code: 'BROKEN', message: 'it broke', task: 'b' },
  tasks: [
    { id: 'a', uses: 'tasks/x@0.1.0', status: 'succeeded', attempts: 1 },
    { id: 'b', uses: 'tasks/x@0.1.0', status: 'failed', attempts: 2 },
    { id: 'c', uses: 'tasks/x@0.1.0', status: 'skipped', attempts: 0 },
  ],
  approvals: [],
  planDigest: 'sha256:0',
};

test('the tree is redrawn in place; what stays is above it', async () => {
  const { terminal, text } = screen();
  const view = liveView(terminal);
  view.started({ runId: 'r', plan: plan(['a', 'b', 'c']) });
  expect(text()).toBe('w@1.0.0  run r\n  · a          tasks/x@0.1.0\n  · b          tasks/x@0.1.0\n  · c          tasks/x@0.1.0\n');
  view.event(event('run.started', { tasks: ['a', 'b', 'c'] }));
  view.event(event('task.started', { task: 'a', uses: 'tasks/x@0.1.0' }));
  view.event(event('task.log', { task: 'a', level: 'info', message: 'half way\u001b[2J' }));
  view.event(event('task.succeeded', { task: 'a', attempts: 1, output: {} }, '2030-01-01T00:00:02.400Z'));
  view.event(event('task.started', { task: 'b', uses: 'tasks/x@0.1.0' }));
  view.event(event('task.attempt-failed', { task: 'b', attempt: 1, error: { code: 'BROKEN', message: 'it broke' }, retryInMs: 1500 }));
  expect(text()).toContain('w@1.0.0  run r\n  a | half way\\x1b[2J\n  b attempt 1 failed: BROKEN: it broke; again in 1.5s\n  ✓ a  2.4s');
  expect(text()).toMatch(/ {2}\S b .*waiting for attempt 2/);
  expect(await view.hold(async () => text())).not.toContain('· c');
  view.event(event('task.failed', { task: 'b', attempts: 2, status: 'failed', error: { code: 'BROKEN', message: 'it broke' } }));
  view.event(event('task.skipped', { task: 'c' }));
  view.finished(ended, 3000);
  view.close();
  expect(text()).toMatch(/✓ a .*\n {2}✗ b .*\n {2}- c .*\nfailed in 3\.0s {2}run r\n {2}task b: BROKEN: it broke\n {2}next: /);
});

test('of many tasks the running ones are shown, and how many there are', () => {
  const { terminal, text } = screen();
  const view = liveView(terminal);
  view.started({ runId: 'r', plan: plan(Array.from({ length: 50 }, (_, i) => `t${i}`)) });
  view.event(event('task.started', { task: 't7', uses: 'tasks/x@0.1.0' }));
  expect(text()).toMatch(/^w@1\.0\.0 {2}run r\n {2}\S t7 .*\n {2}49 pending of 50 tasks\n$/);
  view.close();
});

test('items are counted, tasks of sub-workflows stand below theirs, and undoing is shown', () => {
  const { terminal, text } = screen();
  const view = liveView(terminal);
  view.started({ runId: 'r', plan: plan(['list', 'after']) });
  view.event(event('task.started', { task: 'list', uses: 'workflows/w@1.0.0', items: 3 }));
  for (const item of [0, 1]) {
    view.event(event('task.item-started', { task: 'list', item }));
    view.event(event('task.started', { task: `list[${item}]/do`, uses: 'tasks/x@0.1.0' }));
  }
  expect(text()).toMatch(/list .*0\/3 items\n.* list\[0\]\/do .*\n.* list\[1\]\/do .*\n {2}· after /);
  view.event(event('task.item-succeeded', { task: 'list', item: 0, attempts: 1, done: 1, total: 3, output: {} }));
  expect(text()).toMatch(/list .*1\/3 items\n.* list\[1\]\/do /);
  const error = { code: 'BROKEN', message: 'it broke' };
  view.event(event('task.item-failed', { task: 'list', item: 1, attempts: 1, done: 2, total: 3, status: 'failed', error }));
  expect(text()).toContain('list[1] failed: BROKEN: it broke 2 of 3\n');
  view.event(event('task.failed', { task: 'list', attempts: 2, status: 'failed', error }));
  view.event(event('task.skipped', { task: 'after', reason: 'workflow-failed', message: 'list had failed' }));
  expect(text()).toMatch(/- after .*list had failed\n/);
  view.event(event('task.compensating', { task: 'list', item: 0, uses: 'tasks/y@0.1.0' }));
  expect(text()).toMatch(/list .*2\/3 items {2}undoing\n/);
  view.event(event('task.compensation-failed', { task: 'list', item: 0, attempts: 1, error }));
  view.event(event('task.started', { task: 'last', uses: 'tasks/x@0.1.0', phase: 'finally' }));
  expect(text()).toMatch(/list\[0\] could not be undone: BROKEN: it broke\n.*list .*not undone\n.* last .*finally\n/s);
  const tasks = [
    { id: 'list', uses: 'workflows/w@1.0.0', status: 'failed' as const, attempts: 2, items: { total: 3, succeeded: 1, failed: 1 } },
  ];
  const compensations = [{ task: 'list', item: 0, uses: 'tasks/y@0.1.0', status: 'failed' as const, attempts: 1, error }];
  view.finished({ ...ended, tasks, compensations, error: { ...error, task: 'list', item: 1 } }, 3000);
  view.close();
  expect(text()).toMatch(
    / {2}task list\[1\]: BROKEN: it broke\n {2}next: .*\n {2}undone: 0 of 1\n {2}not undone: list\[0\]: BROKEN: it broke\n/,
  );
});

test('nothing is wider than the terminal', () => {
  const { terminal } = screen(30);
  const view = liveView(terminal);
  view.started({ runId: 'r', plan: plan(['a-task-with-quite-a-long-name-indeed']) });
  view.close();
});
