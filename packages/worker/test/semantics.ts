import type { JsonObject } from '@summit/maestro-sdk';
import type { RunEvent, RunResult } from '@summit/maestro-worker';
import { expect } from 'vitest';
import { type Bench, plan, type TestPlan, type TestTask } from './harness.ts';

/** What the run of a row's plan left behind. */
export interface Seen {
  result: RunResult;
  events: RunEvent[];
  status(task: string): string | undefined;
  /** What an echo task of a hook or a status check saw. */
  echoed(task: string): unknown;
  /** Of the run whose task goes over a list. */
  list: { result: RunResult; events: RunEvent[]; output: unknown };
  /** Tasks undone, in order. */
  undone: string[];
}

interface Cell {
  says: string;
  holds(seen: Seen): void;
}

export const columns = [
  'tasks that need it',
  'status checks on it',
  'items, where it has `forEach`',
  'compensations',
  '`onFailure`',
  '`finally`',
  'outputs',
  'the run',
] as const;

export interface Row {
  title: string;
  /** The task that the row is about. `list`: the same for each of three items, two at a time. */
  subject: TestTask;
  list: TestTask;
  more?: TestPlan;
  cancel?: true;
  cells: Record<(typeof columns)[number], Cell>;
}

const never = { uses: 'wait', with: { ms: 3_600_000 } };
const failing = { uses: 'fail', with: { how: 'x' } };
/** The second of three items fails. */
const failingItem = { uses: 'fail', with: { how: { $cel: 'item' }, times: { $cel: 'index == 1 ? 9 : 0' } } };
const items = { in: ['a', 'b', 'c'], maxParallel: 2 };
const oneByOne = { in: ['a', 'b', 'c'], maxParallel: 1 };

const dependent = (status: string, says: string): Cell => ({ says, holds: ({ status: of }) => expect(of('dependent')).toBe(status) });
const check = (saw: string): Cell => ({
  says: `are asked, and see \`${saw}\``,
  holds: ({ echoed }) => expect(echoed('check')).toBe(saw),
});
const noCheck: Cell = { says: 'are skipped: nothing starts any more', holds: ({ status }) => expect(status('check')).toBe('skipped') };
const undone: Cell = {
  says: 'undo what succeeded, the last first',
  holds: ({ undone: all, result }) => {
    expect(all).toEqual(['second', 'first']);
    expect(result.compensations?.map((record) => [record.task, record.status])).toEqual([
      ['second', 'compensated'],
      ['first', 'compensated'],
    ]);
  },
};
const notUndone: Cell = {
  says: 'are not run',
  holds: ({ undone: all, result }) => {
    expect(all).toEqual([]);
    expect(result.compensations).toBeUndefined();
  },
};
const noFailureHook: Cell = { says: 'is not run', holds: ({ status }) => expect(status('hook')).toBeUndefined() };
const failureHook = (code: string, says: string): Cell => ({
  says,
  holds: ({ echoed, events }) => {
    expect(echoed('hook')).toMatchObject({ status: 'failed', code });
    const order = events.map(({ type, data }) => `${type} ${data.task}`);
    expect(order.indexOf('task.started hook')).toBeGreaterThan(order.indexOf('task.compensated first'));
    expect(order.indexOf('task.started last')).toBeGreaterThan(order.indexOf('task.succeeded hook'));
  },
});
const last = (status: string): Cell => ({
  says: `is run, and sees \`${status}\``,
  holds: ({ echoed }) => expect(echoed('last')).toBe(status),
});
const outputs: Cell = { says: 'are computed', holds: ({ result }) => expect(result.outputs).toEqual({ n: 1 }) };
const noOutputs: Cell = { says: 'there are none', holds: ({ result }) => expect(result.outputs).toBeUndefined() };
const run = (status: string, code: string | undefined, says: string): Cell => ({
  says,
  holds: ({ result }) => {
    expect(result.status).toBe(status);
    expect(result.error?.code).toBe(code);
  },
});
const counts = (status: string, succeeded: number, failed: number, started: number, says: string): Cell => ({
  says,
  holds: ({ list: { result, events } }) => {
    expect(result.tasks.find(({ id }) => id === 'subject')).toMatchObject({ status, items: { total: 3, succeeded, failed } });
    expect(events.filter(({ type }) => type === 'task.item-started')).toHaveLength(started);
  },
});

/** What becomes of everything else when a task, or its run, ends in each of the ways there are. */
export const rows: Row[] = [
  {
    title: 'succeeds',
    subject: { uses: 'echo', with: { value: 1 } },
    list: { uses: 'echo', with: { value: { $cel: 'item + string(index)' } }, forEach: items },
    cells: {
      'tasks that need it': dependent('succeeded', 'start'),
      'status checks on it': check('succeeded'),
      'items, where it has `forEach`': {
        says: 'are all run; the output is the list of theirs, in order',
        holds: ({ list: { output } }) => expect(output).toEqual(['a0', 'b1', 'c2'].map((value) => ({ value, withDefault: 'filled in' }))),
      },
      compensations: notUndone,
      '`onFailure`': noFailureHook,
      '`finally`': last('succeeded'),
      outputs,
      'the run': run('succeeded', undefined, 'succeeds'),
    },
  },
  {
    title: 'fails for good',
    subject: failing,
    list: { ...failingItem, forEach: oneByOne },
    cells: {
      'tasks that need it': dependent('skipped', 'are skipped'),
      'status checks on it': check('failed'),
      'items, where it has `forEach`': counts(
        'failed',
        1,
        1,
        2,
        'the first that fails fails the task; no others start, those running come to their end',
      ),
      compensations: undone,
      '`onFailure`': failureHook('TERMINAL', 'is run, and sees the error of the task'),
      '`finally`': last('failed'),
      outputs: noOutputs,
      'the run': run('failed', 'TERMINAL', 'fails with the error of the task'),
    },
  },
  {
    title: 'is skipped (`when` is false)',
    subject: { uses: 'echo', with: { value: 1 }, when: { $cel: 'run.dryRun' } },
    list: { uses: 'echo', with: { value: 1 }, forEach: items, when: { $cel: 'run.dryRun' } },
    cells: {
      'tasks that need it': dependent('skipped', 'are skipped'),
      'status checks on it': check('skipped'),
      'items, where it has `forEach`': {
        says: 'there are none: the list is not looked at',
        holds: ({ list: { result, events } }) => {
          expect(result.status).toBe('succeeded');
          expect(result.tasks.find(({ id }) => id === 'subject')).toMatchObject({ status: 'skipped', reason: 'its condition is false' });
          expect(events.some(({ type }) => type === 'task.item-started')).toBe(false);
        },
      },
      compensations: notUndone,
      '`onFailure`': noFailureHook,
      '`finally`': last('succeeded'),
      outputs,
      'the run': run('succeeded', undefined, 'succeeds'),
    },
  },
  {
    title: 'runs into its `timeout` for good',
    subject: { ...never, timeout: 40, retry: { maxAttempts: 2, initialInterval: 5 } },
    list: { uses: 'wait', with: { ms: { $cel: 'index == 1 ? 3600000 : 1' } }, timeout: 400, retry: { maxAttempts: 1 }, forEach: oneByOne },
    cells: {
      'tasks that need it': dependent('skipped', 'are skipped'),
      'status checks on it': check('failed'),
      'items, where it has `forEach`': counts('failed', 1, 1, 2, 'an item that takes too long fails as any other'),
      compensations: undone,
      '`onFailure`': failureHook('TIMEOUT', 'is run, and sees `TIMEOUT`'),
      '`finally`': last('failed'),
      outputs: noOutputs,
      'the run': run('failed', 'TIMEOUT', 'fails with `TIMEOUT`'),
    },
  },
  {
    title: 'is running at the `timeout` of its workflow',
    subject: never,
    list: { ...never, forEach: items },
    more: { timeout: 300 },
    cells: {
      'tasks that need it': dependent('skipped', 'are skipped'),
      'status checks on it': noCheck,
      'items, where it has `forEach`': counts('cancelled', 0, 0, 2, 'those running are stopped, no others start'),
      compensations: undone,
      '`onFailure`': failureHook('RUN_TIMEOUT', 'is run, and sees `RUN_TIMEOUT`'),
      '`finally`': last('failed'),
      outputs: noOutputs,
      'the run': run('failed', 'RUN_TIMEOUT', 'fails with `RUN_TIMEOUT`; the task was `cancelled`'),
    },
  },
  {
    title: 'is running when the run is cancelled',
    subject: never,
    list: { ...never, forEach: items },
    cancel: true,
    cells: {
      'tasks that need it': dependent('skipped', 'are skipped'),
      'status checks on it': noCheck,
      'items, where it has `forEach`': counts('cancelled', 0, 0, 2, 'those running are stopped, no others start'),
      compensations: undone,
      '`onFailure`': noFailureHook,
      '`finally`': last('cancelled'),
      outputs: noOutputs,
      'the run': run('cancelled', 'RUN_CANCELLED', 'is cancelled; so is the task'),
    },
  },
  {
    title: 'fails, with `continueOnError`',
    subject: { ...failing, continueOnError: true },
    list: { ...failingItem, forEach: { ...items, onError: 'continue' } },
    cells: {
      'tasks that need it': dependent('succeeded', 'start; it has no output'),
      'status checks on it': check('failed'),
      'items, where it has `forEach`': {
        says: '`onError: continue` does it for the items: all are run, those that fail yield `null`',
        holds: (seen) => {
          expect(seen.list.output).toEqual([{ attempt: 1 }, null, { attempt: 1 }]);
          counts('succeeded', 2, 1, 3, '').holds(seen);
        },
      },
      compensations: notUndone,
      '`onFailure`': noFailureHook,
      '`finally`': last('succeeded'),
      outputs,
      'the run': run('succeeded', undefined, 'succeeds; the status of the task is `failed`'),
    },
  },
];

/** Runs the plans of a row: its task among others that look at what becomes of it. */
export async function observe(bench: Bench, row: Row): Promise<Seen> {
  const undo = (id: string) => ({
    uses: 'effect.append',
    with: { log: bench.log, id: { $text: [`undo ${id} `, { $cel: 'run.id' }] } },
  });
  const append = (id: string) => ({ uses: 'effect.append', with: { log: bench.log, id }, compensate: undo(id) });
  const around = await plan(
    {
      first: append('first'),
      second: { ...append('second'), needs: ['first'] },
      subject: { ...row.subject, needs: ['second'] },
      dependent: { uses: 'echo', with: { value: 1 }, needs: ['subject'] },
      check: {
        uses: 'echo',
        with: { value: { $cel: 'tasks.subject.status' } },
        needs: ['subject'],
        when: { $cel: 'tasks.subject.status != ""' },
        onAnyStatus: true,
      },
    },
    {
      ...row.more,
      onFailure: {
        hook: { uses: 'echo', with: { value: { status: { $cel: 'run.status' }, code: { $cel: 'run.error.code' } } } },
      },
      finally: { last: { uses: 'echo', with: { value: { $cel: 'run.status' } } } },
      outputs: { n: 1 },
    },
  );
  const list = await plan({ subject: row.list }, row.more);
  const go = (what: typeof around, started: number) =>
    row.cancel
      ? bench.cancelOnce(
          what,
          (events) => events.filter(({ type, data }) => /started$/.test(type) && data.task === 'subject').length === started,
        )
      : bench.run(what);
  const [result, listed] = await Promise.all([go(around, 1), go(list, 3)]);
  const echoed = (task: string) => (bench.output(result.runId, task) as JsonObject | undefined)?.value;
  return {
    result,
    events: bench.of(result.runId),
    status: (task) => result.tasks.find(({ id }) => id === task)?.status,
    echoed,
    list: { result: listed, events: bench.of(listed.runId), output: bench.output(listed.runId, 'subject') },
    undone: bench
      .effects()
      .filter(({ id, phase }) => id.startsWith('undo ') && id.endsWith(result.runId) && phase === 'end')
      .map(({ id }) => id.split(' ')[1] ?? ''),
  };
}

/** The table as it stands in docs/semantics.md. */
export function table(): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['a task', ...columns]),
    line(['---', ...columns.map(() => '---')]),
    ...rows.map(({ title, cells }) => line([title, ...columns.map((column) => cells[column].says)])),
  ].join('\n');
}
