import type { JsonObject } from '@summit/maestro-sdk';
import type { RunResult } from '@summit/maestro-worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { alice, Bench, eventually, plan, type TestBody } from './harness.ts';

/** What the table of semantics.ts does not show: constructs within each other, clean-up under fire, dry runs. */
describe.each([
  { name: 'in-process', kind: 'in-process', inactivityMs: undefined },
  { name: 'restate', kind: 'embedded', inactivityMs: undefined },
  { name: 'restate, always replaying', kind: 'embedded', inactivityMs: 0 },
] as const)('on $name', ({ kind, inactivityMs }) => {
  const bench = new Bench();
  beforeAll(() => bench.open(kind, kind === 'in-process' ? { decide: () => new Promise(() => {}) } : {}, inactivityMs));
  beforeEach(() => bench.events.splice(0));
  afterAll(() => bench.close());

  const append = (id: string, holdMs = 0) => ({ uses: 'effect.append', with: { log: bench.log, id, holdMs } });
  const undo = (id: string) => ({ ...append(id), with: { log: bench.log, id, after: { $cel: 'tasks.do.output.key' } } });
  const statuses = (result: RunResult) => Object.fromEntries(result.tasks.map(({ id, status }) => [id, status]));
  const ends = (runId: string) =>
    bench
      .effects()
      .flatMap(({ id, key, phase }) => (phase === 'end' && key.startsWith(`${runId}/`) ? [[id, key.slice(runId.length + 1)]] : []));

  it('goes over a list of sub-workflows that go over lists', async () => {
    const workflows: Record<string, TestBody> = {
      outer: {
        parameters: ['n:integer'],
        tasks: {
          inner: {
            uses: 'workflows/inner',
            forEach: { in: { $cel: '[params.n * 10, params.n * 10 + 1]' } },
            with: { m: { $cel: 'item' } },
          },
        },
        outputs: { all: { $cel: 'tasks.inner.output.map(o, o.m)' } },
      },
      inner: {
        parameters: ['m:integer'],
        tasks: {
          a: { uses: 'echo', with: { value: { $cel: 'params.m' } } },
          b: { uses: 'wait', with: { ms: 5 }, needs: ['a'] },
        },
        outputs: { m: { $cel: 'tasks.a.output.value' } },
      },
    };
    const result = await bench.run(
      await plan(
        { list: { uses: 'workflows/outer', forEach: { in: [1, 2, 3] }, with: { n: { $cel: 'item' } } } },
        { workflows, outputs: { all: { $cel: 'tasks.list.output.map(o, o.all)' } } },
      ),
    );
    expect(result.error).toBeUndefined();
    expect(result.outputs).toEqual({
      all: [
        [10, 11],
        [20, 21],
        [30, 31],
      ],
    });
    expect(result.tasks.map(({ id }) => id).slice(0, 6)).toEqual([
      'list',
      'list[0]/inner',
      'list[0]/inner[0]/a',
      'list[0]/inner[0]/b',
      'list[0]/inner[1]/a',
      'list[0]/inner[1]/b',
    ]);
    expect(result.tasks).toHaveLength(1 + 3 * 5);
    expect(result.tasks[0]).toMatchObject({ items: { total: 3, succeeded: 3, failed: 0 }, attempts: 3 });
  });

  it('keeps to maxParallel, and gives each item attempts and a key of its own', async () => {
    const before = bench.effects().length;
    const result = await bench.run(
      await plan({
        list: {
          uses: 'fail',
          with: { how: 'transient', times: { $cel: 'index' }, log: bench.log },
          retry: { maxAttempts: 3, initialInterval: 2 },
          forEach: { in: ['a', 'b', 'c', 'd'], maxParallel: 2, onError: 'continue' },
        },
      }),
    );
    expect(result.status).toBe('succeeded');
    expect(result.tasks[0]).toMatchObject({ attempts: 1 + 2 + 3 + 3, items: { total: 4, succeeded: 3, failed: 1 } });
    expect(bench.output(result.runId, 'list')).toEqual([{ attempt: 1 }, { attempt: 2 }, { attempt: 3 }, null]);
    const keys = bench
      .effects()
      .slice(before)
      .map(({ key }) => key);
    expect(new Set(keys)).toEqual(new Set([0, 1, 2, 3].map((n) => `${result.runId}/list[${n}]`)));
    let running = 0;
    let most = 0;
    for (const { type } of bench.of(result.runId)) {
      if (type === 'task.item-started') running += 1;
      if (type === 'task.item-succeeded' || type === 'task.item-failed') running -= 1;
      most = Math.max(most, running);
    }
    expect(most).toBe(2);
  });

  it('takes an empty list for done, and refuses what is no list', async () => {
    const empty = await bench.run(
      await plan({ none: { uses: 'echo', with: { value: 1 }, forEach: { in: [] } } }, { outputs: { all: { $cel: 'tasks.none.output' } } }),
    );
    expect(empty.outputs).toEqual({ all: [] });
    const wrong = await bench.run(await plan({ none: { uses: 'echo', with: { value: 1 }, forEach: { in: { $cel: 'run.id' } } } }));
    expect(wrong.error).toMatchObject({
      code: 'EXPRESSION_FAILED',
      task: 'none',
      message: expect.stringContaining('needs a list, and got string'),
    });
  });

  it('ends a list whose outputs are too large together as soon as they are', async () => {
    const result = await bench.run(
      await plan({
        list: {
          uses: 'echo',
          with: { value: { $cel: `'${'x'.repeat(1000)}' + string(item)` } },
          forEach: { in: Array.from({ length: 400 }, (_, i) => i), maxParallel: 100 },
        },
      }),
    );
    expect(result.error).toMatchObject({ code: 'OUTPUT_TOO_LARGE', task: 'list' });
    expect(result.error?.message).toMatch(/the outputs of \d+ of 400 items of task list are more than the 262144 bytes/);
    expect(result.tasks[0]?.items?.succeeded).toBeLessThan(400);
  });

  it('undoes what succeeded, sub-workflows and items included, the last first, with keys of its own', async () => {
    const workflows: Record<string, TestBody> = {
      child: {
        parameters: ['tag:string'],
        tasks: { do: { ...append('x'), with: { log: bench.log, id: { $cel: 'params.tag' } }, compensate: undo('undo in child') } },
      },
    };
    const result = await bench.run(
      await plan(
        {
          do: { ...append('first'), compensate: undo('undo first') },
          child: {
            uses: 'workflows/child',
            with: { tag: 'child' },
            needs: ['do'],
            compensate: { ...append('undo child') },
          },
          list: {
            ...append('item'),
            forEach: { in: ['a', 'b'], maxParallel: 1 },
            needs: ['child'],
            compensate: {
              ...append('x'),
              with: { log: bench.log, id: { $cel: '"undo " + item + string(index)' }, after: { $cel: 'tasks.list.output.key' } },
            },
          },
          boom: { uses: 'fail', with: { how: 'x' }, needs: ['list'] },
        },
        { workflows },
      ),
    );
    expect(result.error).toMatchObject({ code: 'TERMINAL', task: 'boom' });
    expect(ends(result.runId)).toEqual([
      ['first', 'do'],
      ['child', 'child/do'],
      ['item', 'list[0]'],
      ['item', 'list[1]'],
      ['undo b1', 'list[1]:compensate'],
      ['undo a0', 'list[0]:compensate'],
      ['undo child', 'child:compensate'],
      ['undo in child', 'child/do:compensate'],
      ['undo first', 'do:compensate'],
    ]);
    expect(result.compensations?.map(({ task, item, status, attempts }) => [task, item, status, attempts])).toEqual([
      ['list', 1, 'compensated', 1],
      ['list', 0, 'compensated', 1],
      ['child', undefined, 'compensated', 1],
      ['child/do', undefined, 'compensated', 1],
      ['do', undefined, 'compensated', 1],
    ]);
  });

  it('has a failing sub-workflow undo its own work before its task fails', async () => {
    const workflows: Record<string, TestBody> = {
      child: {
        tasks: {
          do: { ...append('in child'), compensate: undo('undo in child') },
          boom: { uses: 'fail', with: { how: 'x' }, needs: ['do'] },
        },
        onFailure: { tell: { uses: 'echo', with: { value: { $text: [{ $cel: 'run.status' }, ' ', { $cel: 'run.error.task' }] } } } },
        finally: { last: { ...append('child is over') } },
      },
    };
    const result = await bench.run(
      await plan(
        {
          do: { ...append('first'), compensate: undo('undo first') },
          child: { uses: 'workflows/child', needs: ['do'], continueOnError: true },
          after: { ...append('after'), needs: ['child'] },
        },
        { workflows },
      ),
    );
    expect(result.status).toBe('succeeded');
    expect(ends(result.runId).map(([id]) => id)).toEqual(['first', 'in child', 'undo in child', 'child is over', 'after']);
    expect(bench.output(result.runId, 'child/tell')).toMatchObject({ value: 'failed child/boom' });
    expect(result.tasks.map(({ id, status, phase }) => [id, status, phase])).toEqual([
      ['do', 'succeeded', undefined],
      ['child', 'failed', undefined],
      ['child/do', 'succeeded', undefined],
      ['child/boom', 'failed', undefined],
      ['child/tell', 'succeeded', 'onFailure'],
      ['child/last', 'succeeded', 'finally'],
      ['after', 'succeeded', undefined],
    ]);
  });

  it('repeats compensations, records the ones that fail for good, and does the others', async () => {
    const retry = { maxAttempts: 2, initialInterval: 2 };
    const result = await bench.run(
      await plan(
        {
          do: { ...append('a'), compensate: { uses: 'fail', with: { how: 'transient', times: 1 }, retry } },
          two: { ...append('b'), compensate: { uses: 'fail', with: { how: 'transient' }, retry }, needs: ['do'] },
          boom: { uses: 'fail', with: { how: 'x' }, needs: ['two'] },
        },
        { finally: { bad: { uses: 'fail', with: { how: 'y' } } } },
      ),
    );
    expect(result.error).toMatchObject({ code: 'TERMINAL', task: 'boom' });
    expect(result.compensations).toMatchObject([
      { task: 'two', status: 'failed', attempts: 2, error: { code: 'TRY_AGAIN' } },
      { task: 'do', status: 'compensated', attempts: 2 },
    ]);
    expect(bench.data('task.compensation-failed')).toMatchObject([{ task: 'two', attempts: 2, error: { code: 'TRY_AGAIN' } }]);
    expect(bench.data('task.attempt-failed').filter(({ compensation }) => compensation)).toHaveLength(3);
  });

  it('fails a run that had succeeded when its finally fails, and undoes nothing', async () => {
    const result = await bench.run(
      await plan(
        { do: { ...append('a'), compensate: undo('never undone') } },
        {
          outputs: { n: 1 },
          finally: { bad: { uses: 'fail', with: { how: 'y' } }, other: append('other'), after: { ...append('not'), needs: ['bad'] } },
        },
      ),
    );
    expect(result.error).toMatchObject({ code: 'TERMINAL', task: 'bad' });
    expect(result.outputs).toBeUndefined();
    expect(result.compensations).toBeUndefined();
    expect(statuses(result)).toEqual({ do: 'succeeded', bad: 'failed', other: 'succeeded', after: 'skipped' });
  });

  it('begins nothing new once it is failing, but status checks', async () => {
    const result = await bench.run(
      await plan({
        boom: { uses: 'fail', with: { how: 'x' } },
        list: { uses: 'wait', with: { ms: 40 }, forEach: { in: [1, 2, 3], maxParallel: 1 } },
        retrying: { uses: 'fail', with: { how: 'transient' }, retry: { maxAttempts: 3, initialInterval: 3_600_000 } },
        check: {
          uses: 'echo',
          with: { value: { $cel: 'tasks.boom.status' } },
          needs: ['boom'],
          when: { $cel: 'tasks.boom.status == "failed"' },
          onAnyStatus: true,
        },
        after: { uses: 'echo', with: { value: 1 }, needs: ['check'] },
        cleanup: { uses: 'wait', with: { ms: 1 }, forEach: { in: [1, 2] }, needs: ['check', 'after'], when: true, onAnyStatus: true },
      }),
    );
    expect(result.error).toMatchObject({ code: 'TERMINAL', task: 'boom' });
    expect(statuses(result)).toEqual({
      boom: 'failed',
      list: 'cancelled',
      retrying: 'failed',
      check: 'succeeded',
      after: 'skipped',
      cleanup: 'succeeded',
    });
    expect(result.tasks[1]?.error?.code).toBe('WORKFLOW_FAILED');
    expect(result.tasks[2]?.attempts).toBe(1);
  });

  it('keeps the order of what has to be cleaned up while it is failing', async () => {
    const result = await bench.run(
      await plan({
        boom: { uses: 'fail', with: { how: 'x' } },
        deploy: { uses: 'wait', with: { ms: 60 } },
        test: { uses: 'echo', with: { value: 1 }, needs: ['deploy'] },
        teardown: { ...append('teardown'), needs: ['test'], when: true, onAnyStatus: true },
      }),
    );
    expect(statuses(result)).toEqual({ boom: 'failed', deploy: 'succeeded', test: 'skipped', teardown: 'succeeded' });
    const order = bench.of(result.runId).map(({ type, data }) => `${type} ${data.task}`);
    expect(order.indexOf('task.started teardown')).toBeGreaterThan(order.indexOf('task.succeeded deploy'));
    expect(bench.data('task.skipped')).toEqual([{ task: 'test', reason: 'workflow-failed', message: 'boom had failed' }]);
  });

  it('fails a task whose condition cannot be evaluated', async () => {
    const result = await bench.run(await plan({ a: { uses: 'echo', with: { value: 1 }, when: { $cel: 'params.no == 1' } } }));
    expect(result.error).toMatchObject({ code: 'EXPRESSION_FAILED', task: 'a', message: expect.stringContaining('when of task a') });
  });

  it('ends a sub-workflow at the timeout of its task', async () => {
    const workflows = {
      child: { tasks: { do: append('before'), long: { uses: 'wait', with: { ms: 3_600_000 } } }, finally: { last: append('over') } },
    };
    const result = await bench.run(await plan({ child: { uses: 'workflows/child', timeout: 150 } }, { workflows }));
    expect(result.error).toMatchObject({
      code: 'TIMEOUT',
      task: 'child',
      message: expect.stringContaining('child (child@1.0.0) took longer than 150 ms'),
    });
    expect(statuses(result)).toEqual({ child: 'failed', 'child/do': 'succeeded', 'child/long': 'cancelled', 'child/last': 'succeeded' });
  });

  it('refuses parameters that do not fit a sub-workflow', async () => {
    const workflows = { child: { parameters: ['n:integer'], tasks: {} } };
    const result = await bench.run(await plan({ child: { uses: 'workflows/child', with: { n: 'x' } } }, { workflows }));
    expect(result.error).toMatchObject({
      code: 'PARAMETER_INVALID',
      task: 'child',
      message: expect.stringMatching(/parameters of child@1\.0\.0: .*n/),
    });
  });

  it('cancels within a sub-workflow in a list, and undoes', async () => {
    const workflows: Record<string, TestBody> = {
      child: {
        parameters: ['n:integer'],
        tasks: {
          do: { ...append('in child'), compensate: undo('undo in child') },
          long: { uses: 'wait', with: { ms: { $cel: 'params.n' } }, needs: ['do'] },
        },
        finally: { last: { uses: 'echo', with: { value: { $cel: 'run.status' } } } },
      },
    };
    const what = await plan(
      { list: { uses: 'workflows/child', with: { n: { $cel: 'item' } }, forEach: { in: [1, 3_600_000, 1], maxParallel: 2 } } },
      { workflows },
    );
    const result = await bench.cancelOnce(
      what,
      (events) =>
        events.filter(({ data }) => data.task === 'list[1]/long').length > 0 &&
        events.some(({ type, data }) => type === 'task.item-succeeded' && data.item === 2),
    );
    expect(result.status).toBe('cancelled');
    expect(statuses(result)).toMatchObject({
      list: 'cancelled',
      'list[0]/long': 'succeeded',
      'list[1]/long': 'cancelled',
      'list[1]/last': 'succeeded',
    });
    expect(bench.output(result.runId, 'list[1]/last')).toMatchObject({ value: 'cancelled' });
    expect(bench.output(result.runId, 'list[2]/last')).toMatchObject({ value: 'succeeded' });
    expect(result.compensations?.map(({ task }) => task)).toEqual(['list[1]/do', 'list[2]/do', 'list[0]/do']);
  });

  it('is not stopped by a cancel while it undoes, in onFailure and in finally', async () => {
    const slow = { uses: 'wait', with: { ms: 150 } };
    const what = await plan(
      { do: { ...append('a'), compensate: slow }, boom: { uses: 'fail', with: { how: 'x' }, needs: ['do'] } },
      { onFailure: { tell: slow }, finally: { last: slow } },
    );
    const { runId, result: ended } = await bench.runner.start({ plan: what, inputs: {}, initiator: alice });
    for (const [type, task] of [
      ['task.compensating', 'do'],
      ['task.started', 'tell'],
      ['task.started', 'last'],
    ]) {
      await eventually(`${type} ${task}`, () => bench.of(runId).some((event) => event.type === type && event.data.task === task));
      await bench.runner.cancel(runId);
    }
    const result = await ended();
    expect(result.status).toBe('failed');
    expect(result.error?.code).toBe('TERMINAL');
    expect(result.compensations).toMatchObject([{ task: 'do', status: 'compensated' }]);
    expect(statuses(result)).toEqual({ do: 'succeeded', boom: 'failed', tell: 'succeeded', last: 'succeeded' });
  });

  it('previews what writes, and goes on with what fits its output', async () => {
    const before = bench.effects().length;
    const workflows: Record<string, TestBody> = {
      child: {
        parameters: ['key:string'],
        tasks: { write: { ...append('never'), compensate: append('never undone') } },
        outputs: { key: { $cel: 'tasks.write.output.key' } },
      },
    };
    const what = await plan(
      {
        write: { ...append('never'), compensate: append('never undone') },
        read: { uses: 'echo', with: { value: { key: { $cel: 'tasks.write.output.key' }, dry: { $cel: 'run.dryRun' } } }, needs: ['write'] },
        wait: { uses: 'wait', with: { ms: 3_600_000 } },
        gate: { uses: 'ask', with: { approvers: ['sre'] } },
        child: { uses: 'workflows/child', with: { key: { $cel: 'tasks.write.output.key' } }, needs: ['write'] },
        list: { ...append('never'), forEach: { in: ['a', 'b'] } },
      },
      { workflows, outputs: { key: { $cel: 'tasks.child.output.key' } }, finally: { last: append('never') }, dryRun: true },
    );
    const result = await bench.run(what);
    expect(result.error).toBeUndefined();
    expect(result).toMatchObject({ status: 'succeeded', dryRun: true, outputs: { key: 'preview' } });
    expect(bench.output(result.runId, 'read')).toMatchObject({ value: { key: 'preview', dry: true } });
    expect(result.tasks.filter(({ previewed }) => previewed).map(({ id }) => id)).toEqual(['write', 'child/write', 'list', 'last']);
    expect(bench.data('task.previewed').find(({ task }) => task === 'write')).toEqual({
      task: 'write',
      resources: [{ type: 'fixture.log', id: 'never' }],
      input: { log: bench.log, id: 'never', holdMs: 0 },
    });
    const failing = await bench.run(
      await plan({ write: { ...append('never'), compensate: append('never') }, bad: { uses: 'fail', with: {}, needs: ['write'] } }),
      {},
      { dryRun: true },
    );
    expect(failing).toMatchObject({ status: 'failed', dryRun: true, error: { code: 'INVALID_INPUT', task: 'bad' } });
    expect(failing.compensations).toBeUndefined();
    expect(bench.effects()).toHaveLength(before);

    const { dryRun, ...executed } = await bench.run(await plan({ write: append('now') }, { dryRun: true }), {}, { dryRun: false });
    expect([dryRun, executed.status]).toEqual([undefined, 'succeeded']);
    expect(bench.effects()).toHaveLength(before + 2);
  });

  it('refuses plans it cannot run, wherever the reason is', async () => {
    const start = async (...what: Parameters<typeof plan>) =>
      bench.runner.start({ plan: await plan(...what), inputs: {}, initiator: alice });
    // One process has no workers of other pools: it executes what asks for them itself.
    expect(await bench.run(await plan({ a: { uses: 'echo', with: { value: 1 }, pool: 'gpu' } }))).toMatchObject({ status: 'succeeded' });
    await expect(start({ a: { uses: 'workflows/none' } })).rejects.toMatchObject({
      code: 'PLAN_INVALID',
      message: expect.stringContaining('a uses workflows/none@1.0.0'),
    });
    const loop = { again: { tasks: { a: { uses: 'workflows/again' } } } };
    await expect(start({ a: { uses: 'workflows/again' } }, { workflows: loop })).rejects.toMatchObject({
      code: 'PLAN_INVALID',
      message: expect.stringContaining('a/a uses workflows/again@1.0.0, which contains itself'),
    });
    const places = await plan(
      { a: { ...append('a'), compensate: append('x') }, sub: { uses: 'workflows/sub' } },
      { workflows: { sub: { tasks: { deep: append('x') } } }, onFailure: { hook: append('x') }, finally: { last: append('x') } },
    );
    for (const place of ['a:compensate', 'sub/deep', 'hook', 'last']) {
      const other = JSON.parse(JSON.stringify(places), (_, value: JsonObject | undefined) => value) as typeof places;
      const call = {
        'a:compensate': other.tasks[0]?.compensate,
        'sub/deep': other.workflows?.['sub@1.0.0']?.tasks[0],
        hook: other.onFailure?.[0],
        last: other.finally?.[0],
      }[place];
      if (call !== undefined) call.uses.digest = 'sha256:other';
      await expect(bench.runner.start({ plan: other, inputs: {}, initiator: alice }), place).rejects.toMatchObject({
        code: 'TASK_NOT_INSTALLED',
        message: expect.stringContaining(`(${place})`),
      });
    }
  });
});
