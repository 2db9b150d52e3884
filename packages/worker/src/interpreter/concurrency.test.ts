import type { Plan, PlanTask } from '@summit/maestro-manifest';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InProcessDurable } from '../engine/in-process/durable.ts';
import type { RunEvent, RunResult } from '../run.ts';
import type { Step } from './durable.ts';
import type { TaskCall, TaskHost } from './host.ts';
import { interpret } from './interpreter.ts';
import { nameOf } from './subject.ts';

/** An engine on which the run is cancelled when it waits for the `cancelAt`th time. */
class CancellingDurable extends InProcessDurable {
  readonly #cancelAt: number | undefined;
  readonly #onCancel: () => void;
  #waits = 0;
  constructor(cancelAt: number | undefined, onCancel: () => void) {
    super();
    this.#cancelAt = cancelAt;
    this.#onCancel = onCancel;
  }
  override race<T>(steps: Step<T>[]): Promise<T> {
    if (this.#waits++ === this.#cancelAt) {
      this.#onCancel();
      this.cancel();
    }
    return super.race(steps);
  }
}

/** Executions that take some turns of the event loop and then succeed or fail, by their name. */
const host: TaskHost = {
  inlineLimit: 1024,
  traits: () => ({ durable: false, effect: 'none', retry: { maxAttempts: 2, initialInterval: 0, maxInterval: 0 }, timeout: 60_000 }),
  async execute({ call, subject, attempt, scope, signal }: TaskCall) {
    const { turns, fate } = call.with as { turns: number; fate: string };
    const mine = scope.index !== undefined && scope.index % 2 === 1 ? 'ok' : fate;
    for (let i = 0; i < (turns * (1 + (scope.index ?? 0))) % 7; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (signal.aborted) return { ok: false, error: { code: 'RUN_CANCELLED', message: 'aborted', retryable: false } };
    }
    if (mine === 'ok' || (mine === 'flaky' && attempt > 1)) return { ok: true, output: nameOf(subject) };
    return { ok: false, error: { code: 'BROKEN', message: nameOf(subject), retryable: mine === 'flaky' } };
  },
  evaluate: async () => undefined,
  executeDurable: () => Promise.reject(new Error('not durable')),
  preview: () => Promise.reject(new Error('no preview')),
};

const call = fc
  .record({
    turns: fc.nat(6),
    fate: fc.oneof({ weight: 5, arbitrary: fc.constant('ok') }, { weight: 1, arbitrary: fc.constantFrom('flaky', 'broken') }),
  })
  .map((input) => ({ uses: { name: 'tasks/x', version: '1.0.0', digest: '' }, with: input }));

const task = fc
  .record({
    call,
    needs: fc.array(fc.nat(9), { maxLength: 3 }),
    forEach: fc.option(
      fc.record({
        items: fc.nat(6),
        maxParallel: fc.integer({ min: 1, max: 3 }),
        onError: fc.constantFrom('fail' as const, 'continue' as const),
      }),
      { nil: undefined, freq: 3 },
    ),
    check: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    continueOnError: fc.boolean(),
    compensate: fc.option(call, { nil: undefined }),
  })
  .map((what) => what);

const plans: fc.Arbitrary<Plan> = fc
  .tuple(fc.array(task, { minLength: 1, maxLength: 9 }), fc.array(task, { maxLength: 2 }))
  .map(([tasks, last]) => {
    const list = (of: typeof tasks, letter: string, hooks: boolean): PlanTask[] =>
      of.map(({ call: what, needs, forEach, check, continueOnError, compensate }, at) => ({
        id: `${letter}${at}`,
        ...what,
        needs: [...new Set(needs.filter((need) => need < at).map((need) => `${letter}${need}`))],
        ...(forEach
          ? {
              forEach: {
                in: Array.from({ length: forEach.items }, (_, i) => i),
                maxParallel: forEach.maxParallel,
                onError: forEach.onError,
              },
            }
          : {}),
        ...(check ? { when: true, onAnyStatus: true as const } : {}),
        ...(continueOnError ? { continueOnError: true as const } : {}),
        ...(compensate && !hooks ? { compensate } : {}),
      }));
    return {
      apiVersion: 'maestro/v1',
      kind: 'Plan',
      workflow: { name: 'test', version: '1.0.0' },
      inputs: [],
      bindings: {},
      parameters: [],
      tasks: list(tasks, 't', false),
      finally: list(last, 'l', true),
      outputs: {},
    };
  });

/** What holds of every run, whoever was quicker, and wherever it was cancelled. */
function holds(plan: Plan, result: RunResult, events: RunEvent[], cancelledAt: number | undefined): void {
  const at = (type: string, id: string) => events.findIndex((event) => event.type === type && event.data.task === id);
  const ended = (id: string) => events.findIndex(({ type, data }) => /^task\.(succeeded|failed|skipped)$/.test(type) && data.task === id);
  const failures = events.flatMap(({ type, data }, index) =>
    type === 'task.failed' && data.status === 'failed' && !data.continued ? [{ index, data }] : [],
  );
  const main = new Set(plan.tasks.map(({ id }) => id));
  const firstFailure = failures.find(({ data }) => main.has(String(data.task)));
  const records = new Map(result.tasks.map((record) => [record.id, record]));

  const expected = firstFailure && (cancelledAt === undefined || firstFailure.index < cancelledAt) ? 'failed' : undefined;
  if (expected) expect(result).toMatchObject({ status: 'failed', error: { task: firstFailure?.data.task } });
  else if (cancelledAt === undefined) expect(result.status).toBe(failures.length > 0 ? 'failed' : 'succeeded');

  for (const { id, needs, onAnyStatus, forEach } of plan.tasks) {
    const record = records.get(id);
    expect(['succeeded', 'failed', 'skipped', 'cancelled']).toContain(record?.status);
    const started = at('task.started', id);
    const well = needs.every((need) => {
      const other = plan.tasks.find((one) => one.id === need);
      const status = records.get(need)?.status;
      return status === 'succeeded' || (status === 'failed' && other?.continueOnError);
    });
    if (started >= 0) {
      for (const need of needs) expect(ended(need)).toBeLessThan(started);
      if (!onAnyStatus) expect(well).toBe(true);
      if (!onAnyStatus && firstFailure) expect(started).toBeLessThan(firstFailure.index);
      if (cancelledAt !== undefined) expect(started).toBeLessThan(cancelledAt);
    } else if (cancelledAt === undefined) expect(!onAnyStatus && (!well || firstFailure !== undefined)).toBe(true);
    if (!forEach) continue;
    let running = 0;
    for (const [index, { type, data }] of events.entries()) {
      if (data.task !== id) continue;
      if (type === 'task.item-started') {
        running += 1;
        if (!onAnyStatus && firstFailure) expect(index).toBeLessThan(firstFailure.index);
      }
      if (type === 'task.item-succeeded' || type === 'task.item-failed') running -= 1;
      expect(running).toBeLessThanOrEqual(forEach.maxParallel ?? 1);
      if (type === 'task.succeeded')
        expect(
          (data.output as unknown[]).every(
            (output, item) => output === `${id}[${item}]` || (output === null && forEach.onError === 'continue'),
          ),
        ).toBe(true);
    }
  }

  const done = events.flatMap(({ type, data }) => {
    const one = plan.tasks.find(({ id }) => id === data.task);
    const execution = type === 'task.item-succeeded' || (type === 'task.succeeded' && !one?.forEach);
    return execution && one?.compensate ? [nameOf({ task: one.id, ...(typeof data.item === 'number' ? { item: data.item } : {}) })] : [];
  });
  const undone = (result.compensations ?? []).map(({ task: id, item }) => nameOf({ task: id, ...(item === undefined ? {} : { item }) }));
  const finallyFailed = result.error?.task?.startsWith('l') === true;
  expect(undone).toEqual(result.status === 'succeeded' || finallyFailed ? [] : done.reverse());
  for (const { id, needs } of plan.finally ?? []) if (needs.length === 0) expect(at('task.started', id)).toBeGreaterThanOrEqual(0);
}

it.each([
  ['to their own end', fc.constant(undefined)],
  ['to a cancel at any moment', fc.nat(40)],
])(
  'random graphs of tasks come %s in order',
  async (_, cancelAt) => {
    await fc.assert(
      fc.asyncProperty(plans, cancelAt, async (plan, when) => {
        const events: RunEvent[] = [];
        let cancelledAt: number | undefined;
        const durable = new CancellingDurable(when, () => {
          cancelledAt = events.length;
        });
        const run = { runId: 'r', plan, planDigest: '', inputs: {}, initiator: { id: 'a', roles: [] }, startedAt: '2030-01-01T00:00:00Z' };
        const result = await interpret(run, durable, host, (event) => events.push(event));
        durable.close();
        const after = events.findIndex(
          ({ type, data }) => type === 'task.compensating' || (type === 'task.started' && data.phase !== undefined),
        );
        // A cancel that comes when its tasks have ended changes nothing.
        if (cancelledAt !== undefined && after >= 0 && after < cancelledAt) cancelledAt = undefined;
        holds(plan, result, events, cancelledAt);
      }),
      { numRuns: Number(process.env.MAESTRO_MODEL_RUNS ?? 300) },
    );
  },
  200_000,
);
