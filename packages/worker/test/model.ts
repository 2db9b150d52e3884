import fc from 'fast-check';
import type { TestBody, TestCall, TestPlan, TestTask, TestTasks } from './harness.ts';

/**
 * The semantics of workflows once more, as short as can be: for plans whose tasks stand in one row, where nothing depends on
 * who is quicker.
 */

/** What a call does: it succeeds at its first or second attempt, or fails for good at once or when its attempts are used up. */
export type Fate = 'ok' | 'flaky' | 'broken' | 'exhausted';

export interface ModelTask {
  id: string;
  /** What is called, once or for each of a list. */
  call: Fate | ModelBody;
  each?: { fates: Fate[]; onError: 'fail' | 'continue' };
  /** `status`: a status check for this status of the task before. */
  when?: boolean | { status: string };
  continueOnError: boolean;
  compensate?: Fate;
}

export interface ModelBody {
  tasks: ModelTask[];
  onFailure: ModelTask[];
  finally: ModelTask[];
}

/** What a run comes to: everything of a result that the semantics say. */
export interface Told {
  status: string;
  error?: [code: string, task: string, item?: number];
  records: [id: string, status: string, attempts: number, succeeded?: number, failed?: number][];
  compensations: [task: string, item: number | undefined, status: string, attempts: number][];
}

type Failure = NonNullable<Told['error']>;
interface Undo {
  task: string;
  item?: number;
  fate: Fate;
}
interface Ended {
  failed?: Failure;
  attempts: number;
  undo: Undo[];
  records: Told['records'];
}

const FATES: Record<Fate, { code?: string; attempts: number }> = {
  ok: { attempts: 1 },
  flaky: { attempts: 2 },
  broken: { code: 'TERMINAL', attempts: 1 },
  exhausted: { code: 'TRY_AGAIN', attempts: 2 },
};

/** What the semantics say of a run of `body`. */
export function tell(body: ModelBody): Told {
  const compensations: Told['compensations'] = [];
  const { failed, records } = runBody(body, '', compensations);
  return { status: failed ? 'failed' : 'succeeded', ...(failed ? { error: failed } : {}), records, compensations };
}

function runBody(body: ModelBody, prefix: string, done: Told['compensations']): Ended {
  const main = runList(body.tasks, prefix, true, done);
  const records = [...main.records];
  let { failed, undo } = main;
  if (failed) {
    for (const { task, item, fate } of [...undo].reverse())
      done.push([task, item, FATES[fate].code ? 'failed' : 'compensated', FATES[fate].attempts]);
    undo = [];
    records.push(...runList(body.onFailure, prefix, false, done).records);
  }
  const last = runList(body.finally, prefix, false, done);
  records.push(...last.records);
  failed ??= last.failed;
  return { ...(failed ? { failed } : {}), attempts: 1, undo, records };
}

function runList(tasks: ModelTask[], prefix: string, failFast: boolean, done: Told['compensations']): Ended {
  const records: Told['records'] = [];
  const undo: Undo[] = [];
  let failed: Failure | undefined;
  let before = { status: 'succeeded', well: true };
  for (const task of tasks) {
    const check = typeof task.when === 'object' ? before.status === task.when.status : undefined;
    const starts = check ?? (before.well && !(failFast && failed) && task.when !== false);
    if (!starts) {
      records.push([prefix + task.id, 'skipped', 0]);
      before = { status: 'skipped', well: false };
      continue;
    }
    const ended = runTask(task, prefix + task.id, done);
    if (failFast) undo.push(...ended.undo);
    records.push(...ended.records);
    if (ended.failed && !task.continueOnError) failed ??= ended.failed;
    before = { status: ended.failed ? 'failed' : 'succeeded', well: !ended.failed || task.continueOnError };
  }
  return { ...(failed ? { failed } : {}), attempts: 0, undo, records };
}

function runTask({ call, each, compensate }: ModelTask, name: string, done: Told['compensations']): Ended {
  const undo: Undo[] = [];
  const parts: Told['records'] = [];
  const once = (what: Fate | ModelBody, item?: number): Ended => {
    const ended =
      typeof what === 'string' ? fateOf(what, name, item) : runBody(what, `${item === undefined ? name : `${name}[${item}]`}/`, done);
    undo.push(...ended.undo);
    if (!ended.failed && compensate) undo.push({ task: name, ...(item === undefined ? {} : { item }), fate: compensate });
    parts.push(...ended.records);
    return ended;
  };
  if (!each) {
    const { failed, attempts } = once(call);
    return { ...(failed ? { failed } : {}), attempts, undo, records: [[name, failed ? 'failed' : 'succeeded', attempts], ...parts] };
  }
  let failed: Failure | undefined;
  let attempts = 0;
  let [good, bad] = [0, 0];
  for (const [item, fate] of each.fates.entries()) {
    const ended = once(typeof call === 'string' ? fate : call, item);
    attempts += ended.attempts;
    if (ended.failed) bad += 1;
    else good += 1;
    if (ended.failed && each.onError === 'fail') {
      failed = ended.failed;
      break;
    }
  }
  return {
    ...(failed ? { failed } : {}),
    attempts,
    undo,
    records: [[name, failed ? 'failed' : 'succeeded', attempts, good, bad], ...parts],
  };
}

function fateOf(fate: Fate, task: string, item?: number): Ended {
  const { code, attempts } = FATES[fate];
  return { ...(code ? { failed: item === undefined ? [code, task] : [code, task, item] } : {}), attempts, undo: [], records: [] };
}

/** The plan of a model: its tasks, and its sub-workflows by name. */
export function planOf(body: ModelBody): { tasks: TestTasks; more: TestPlan } {
  const workflows: Record<string, TestBody> = {};
  const callOf = (call: Fate | ModelBody): TestCall => {
    if (typeof call === 'string') return fateCall(call);
    const name = `w${Object.keys(workflows).length}`;
    workflows[name] = { tasks: {} };
    workflows[name] = bodyOf(call);
    return { uses: `workflows/${name}` };
  };
  const listOf = (list: ModelTask[]): TestTasks =>
    Object.fromEntries(list.map((task, at) => [task.id, taskOf(task, at === 0 ? undefined : list[at - 1]?.id)]));
  const taskOf = ({ call, each, when, continueOnError, compensate }: ModelTask, before: string | undefined): TestTask => {
    const task: TestTask = { ...callOf(call), needs: before === undefined ? [] : [before] };
    if (each && typeof call === 'string')
      Object.assign(task, { with: { how: { $cel: 'item.how' }, times: { $cel: 'item.times' } }, retry: RETRY });
    if (each) task.forEach = { in: each.fates.map((fate) => fateCall(fate).with ?? null), maxParallel: 1, onError: each.onError };
    if (typeof when === 'object') Object.assign(task, { when: { $cel: `tasks.${before}.status == "${when.status}"` }, onAnyStatus: true });
    else if (when !== undefined) task.when = when;
    if (continueOnError) task.continueOnError = true;
    if (compensate) task.compensate = fateCall(compensate);
    return task;
  };
  const bodyOf = (what: ModelBody): TestBody => ({
    tasks: listOf(what.tasks),
    onFailure: listOf(what.onFailure),
    finally: listOf(what.finally),
  });
  const tasks = listOf(body.tasks);
  return { tasks, more: { onFailure: listOf(body.onFailure), finally: listOf(body.finally), workflows } };
}

const RETRY = { maxAttempts: 2, initialInterval: 1, maxInterval: 1 };

function fateCall(fate: Fate): TestCall {
  const input = { ok: ['x', 0], flaky: ['transient', 1], broken: ['x', 9], exhausted: ['transient', 9] }[fate];
  return { uses: 'fail', with: { how: input[0] ?? '', times: input[1] ?? 0 }, retry: RETRY };
}

const fate = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fate>('ok') },
  { weight: 1, arbitrary: fc.constantFrom<Fate>('flaky', 'broken', 'exhausted') },
);

/** Random bodies; ids are given afterwards, since they are unique in a body. */
export const bodies: fc.Arbitrary<ModelBody> = fc.letrec<{ body: ModelBody; task: Omit<ModelTask, 'id'> }>((tie) => ({
  task: fc
    .record({
      call: fc.oneof({ maxDepth: 2, depthIdentifier: 'body' }, { weight: 4, arbitrary: fate }, { weight: 1, arbitrary: tie('body') }),
      each: fc.option(
        fc.record({ fates: fc.array(fate, { maxLength: 4 }), onError: fc.constantFrom('fail' as const, 'continue' as const) }),
        {
          freq: 2,
          nil: undefined,
        },
      ),
      when: fc.oneof(
        { weight: 5, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.boolean() },
        { weight: 1, arbitrary: fc.record({ status: fc.constantFrom('succeeded', 'failed', 'skipped') }) },
      ),
      continueOnError: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      compensate: fc.option(fate, { nil: undefined }),
    })
    .map(({ call, each, when, continueOnError, compensate }) => ({
      call,
      continueOnError,
      ...(each ? { each } : {}),
      ...(when === undefined ? {} : { when }),
      ...(compensate ? { compensate } : {}),
    })),
  body: fc
    .record({
      tasks: fc.array(tie('task'), { minLength: 1, maxLength: 5 }),
      onFailure: fc.array(tie('task'), { maxLength: 2 }),
      finally: fc.array(tie('task'), { maxLength: 2 }),
    })
    .map((lists) => ({
      tasks: named(lists.tasks, 't'),
      onFailure: named(lists.onFailure, 'f', false),
      finally: named(lists.finally, 'l', false),
    })),
})).body;

/** Ids, no status check on nothing, and no compensation in hooks. */
function named(tasks: Omit<ModelTask, 'id'>[], letter: string, compensated = true): ModelTask[] {
  return tasks.map(({ compensate, when, ...task }, at) => ({
    ...task,
    id: `${letter}${at}`,
    ...(compensated && compensate ? { compensate } : {}),
    ...(at === 0 && typeof when === 'object' ? {} : when === undefined ? {} : { when }),
  }));
}
