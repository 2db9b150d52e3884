import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { alice, Bench, eventually, plan } from './harness.ts';

/**
 * The interpreter's behaviour, which no engine may change. With no inactivity allowed, Restate puts a run to rest at every wait and
 * replays it from its journal afterwards; while an attempt is on, such a run hears of nothing else (`deaf`).
 */
describe.each([
  { name: 'in-process', kind: 'in-process', inactivityMs: undefined, deaf: false },
  { name: 'restate', kind: 'embedded', inactivityMs: undefined, deaf: false },
  { name: 'restate, always replaying', kind: 'embedded', inactivityMs: 0, deaf: true },
] as const)('a run on $name', ({ kind, inactivityMs, deaf }) => {
  const bench = new Bench();
  beforeAll(() =>
    bench.open(
      kind,
      {
        secrets: [async (name) => (name === 'TOKEN' ? 's3cr3t/value+1' : undefined)],
        ...(kind === 'in-process' ? { decide: () => new Promise(() => {}) } : {}),
      },
      inactivityMs,
    ),
  );
  beforeEach(() => bench.events.splice(0));
  afterAll(() => bench.close());

  const append = (id: string, holdMs = 0) => ({ log: bench.log, id, holdMs });

  it('passes outputs on and computes its own', async () => {
    const result = await bench.run(
      await plan(
        {
          a: { uses: 'echo', with: { value: { $cel: 'params.n' } } },
          b: { uses: 'echo', with: { value: { $cel: 'tasks.a.output.value + 1' } }, needs: ['a'] },
        },
        {
          inputs: [{ name: 'n', type: 'integer', required: true }],
          parameters: [{ name: 'n', type: 'integer', required: true }],
          bindings: { n: { $cel: 'inputs.n' } },
          outputs: {
            sum: { $cel: 'tasks.b.output.value' },
            text: { $text: ['n is ', { $cel: 'params.n' }] },
            filled: { $cel: 'tasks.a.output.withDefault' },
          },
        },
      ),
      { n: 41 },
    );
    expect(result.outputs).toEqual({ sum: 42, text: 'n is 41', filled: 'filled in' });
    expect(result.status).toBe('succeeded');
    expect(result.tasks.map(({ id, status, attempts }) => [id, status, attempts])).toEqual([
      ['a', 'succeeded', 1],
      ['b', 'succeeded', 1],
    ]);
  });

  it('runs independent tasks side by side, and a task only after all it needs', async () => {
    const result = await bench.run(
      await plan({
        left: { uses: 'effect.append', with: append('left', 150) },
        right: { uses: 'effect.append', with: append('right', 100) },
        third: { uses: 'effect.append', with: append('third', 50) },
        join: { uses: 'effect.append', with: append('join'), needs: ['left', 'right', 'third'] },
        tail: { uses: 'effect.append', with: append('tail'), needs: ['third'] },
      }),
    );
    expect(result.status).toBe('succeeded');
    const log = bench.effects().map(({ id, phase }) => `${id} ${phase}`);
    for (const id of ['left', 'right', 'third', 'join', 'tail']) expect(log.filter((line) => line === `${id} end`)).toHaveLength(1);
    expect(log.indexOf('join begin')).toBeGreaterThan(Math.max(...['left', 'right', 'third'].map((id) => log.indexOf(`${id} end`))));
    expect(log.indexOf('third begin')).toBeLessThan(log.indexOf('left end'));
    if (!deaf) expect(log.indexOf('tail end')).toBeLessThan(log.indexOf('left end'));
  });

  it('repeats what may be repeated, with one idempotency key, and gives up after the last attempt', async () => {
    const retry = { maxAttempts: 3, initialInterval: 20, maxInterval: 50, factor: 2 };
    const before = bench.effects().length;
    const good = await bench.run(await plan({ flaky: { uses: 'fail', with: { how: 'transient', times: 2, log: bench.log }, retry } }));
    expect(good.status).toBe('succeeded');
    expect(good.tasks[0]).toMatchObject({ status: 'succeeded', attempts: 3 });
    const attempts = bench.effects().slice(before);
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(new Set(attempts.map(({ key }) => key)).size).toBe(1);
    expect(bench.data('task.attempt-failed')).toHaveLength(2);

    const bad = await bench.run(await plan({ flaky: { uses: 'fail', with: { how: 'transient' }, retry } }));
    expect(bad.status).toBe('failed');
    expect(bad.error).toMatchObject({ code: 'TRY_AGAIN', task: 'flaky' });
    expect(bad.tasks[0]).toMatchObject({ status: 'failed', attempts: 3 });
  });

  it.each([
    ['string', 'TASK_FAILED', /threw just a string/],
    ['undefined', 'TASK_FAILED', /threw undefined/],
    ['error', 'TASK_FAILED', /a plain error \(its cause\)/],
    ['large', 'OUTPUT_TOO_LARGE', /300002 bytes.*artifact/],
    ['cyclic', 'OUTPUT_NOT_JSON', /no JSON/],
    ['x', 'TERMINAL', /terminal x/],
  ])('turns a task that fails with %s into a failed run', async (how, code, message) => {
    const result = await bench.run(
      await plan({
        ok: { uses: 'echo', with: { value: 1 } },
        bad: { uses: 'fail', with: { how }, needs: ['ok'] },
        after: { uses: 'echo', with: { value: 2 }, needs: ['bad'] },
      }),
    );
    expect(result.status).toBe('failed');
    expect(result.error).toMatchObject({ code, task: 'bad' });
    expect(result.error?.message).toMatch(message);
    expect(result.tasks.map(({ status }) => status)).toEqual(['succeeded', 'failed', 'skipped']);
    expect(result.outputs).toBeUndefined();
  });

  it('ends an attempt that never returns at its timeout', async () => {
    const result = await bench.run(await plan({ hang: { uses: 'fail', with: { how: 'never' }, timeout: 150, retry: { maxAttempts: 1 } } }));
    expect(result.error).toMatchObject({ code: 'TIMEOUT', task: 'hang' });
    expect(result.error?.message).toContain('150 ms');
  }, 20_000);

  it('ends a run that takes longer than its workflow allows', async () => {
    const result = await bench.run(
      await plan(
        {
          long: deaf ? { uses: 'wait', with: { ms: 3_600_000 } } : { uses: 'effect.append', with: append('too long', 60_000) },
          after: { uses: 'echo', with: { value: 1 }, needs: ['long'] },
        },
        { timeout: 200 },
      ),
    );
    expect(result.status).toBe('failed');
    expect(result.error?.code).toBe('RUN_TIMEOUT');
    expect(result.tasks.map(({ status }) => status)).toEqual(['cancelled', 'skipped']);
  });

  it('cancels what is running and starts nothing more', async () => {
    const handle = await bench.runner.start({
      plan: await plan({
        slow: { uses: 'effect.append', with: append('slow', deaf ? 300 : 60_000) },
        wait: { uses: 'wait', with: { ms: 3_600_000 } },
        after: { uses: 'effect.append', with: append('after cancel'), needs: ['slow'] },
      }),
      inputs: {},
      initiator: alice,
    });
    await eventually('slow has begun', () => bench.effects().some(({ id }) => id === 'slow'));
    await bench.runner.cancel(handle.runId);
    const result = await handle.result();
    expect(result.status).toBe('cancelled');
    expect(result.error?.code).toBe('RUN_CANCELLED');
    expect(result.tasks.map(({ status }) => status)).toEqual([deaf ? 'succeeded' : 'cancelled', 'cancelled', 'skipped']);
    expect(bench.effects().some(({ id, phase }) => (!deaf && id === 'slow' && phase === 'end') || id === 'after cancel')).toBe(false);
    expect((await bench.runner.active()).map(({ runId }) => runId)).not.toContain(handle.runId);
  });

  it('waits on the engine in durable tasks, side by side with others', async () => {
    const result = await bench.run(
      await plan(
        {
          one: { uses: 'wait', with: { ms: 40, times: 5 } },
          two: { uses: 'wait', with: { ms: 60, times: 3 } },
          other: { uses: 'effect.append', with: append('beside', 30) },
          after: { uses: 'echo', with: { value: { $cel: 'tasks.one.output.to - tasks.one.output.from' } }, needs: ['one', 'two'] },
        },
        { outputs: { waited: { $cel: 'tasks.after.output.value' } } },
      ),
    );
    expect(result.error).toBeUndefined();
    expect(result.outputs?.waited).toBeGreaterThanOrEqual(200);
  });

  it('ends a durable task at its timeout', async () => {
    const result = await bench.run(
      await plan({ wait: { uses: 'wait', with: { ms: 3_600_000 }, timeout: 100, retry: { maxAttempts: 2, initialInterval: 10 } } }),
    );
    expect(result.tasks[0]).toMatchObject({ status: 'failed', attempts: 2, error: { code: 'TIMEOUT' } });
  });

  it('does each step of a durable task once, also when it is replayed', async () => {
    const before = bench.effects().length;
    const result = await bench.run(
      await plan(
        { work: { uses: 'steps', with: { log: bench.log, times: 4 } }, beside: { uses: 'steps', with: { log: bench.log, times: 2 } } },
        { outputs: { done: { $cel: 'tasks.work.output.done' } } },
      ),
    );
    expect(result.error).toBeUndefined();
    expect(result.outputs?.done).toEqual([0, 1, 2, 3]);
    const seen = bench.effects().slice(before);
    for (const id of ['work/0', 'work/1', 'work/2', 'work/3', 'beside/0', 'beside/1']) {
      expect(seen.filter((line) => line.id === id).map(({ phase }) => phase)).toEqual(['begin', 'end']);
    }
  });

  it('a step that fails is a failure the task may be repeated for, and nothing is kept of the attempt', async () => {
    const before = bench.effects().length;
    const retry = { maxAttempts: 2, initialInterval: 10 };
    const result = await bench.run(await plan({ work: { uses: 'steps', with: { log: bench.log, failAt: 1 }, retry } }));
    expect(result.tasks[0]).toMatchObject({ status: 'succeeded', attempts: 2 });
    const seen = bench.effects().slice(before);
    expect(seen.map(({ id, attempt, phase }) => `${id}#${attempt} ${phase}`)).toEqual([
      'work/0#1 begin',
      'work/0#1 end',
      'work/1#1 begin',
      ...[0, 1, 2].flatMap((n) => [`work/${n}#2 begin`, `work/${n}#2 end`]),
    ]);
    const [failed] = bench.data('task.attempt-failed');
    expect(failed?.error).toMatchObject({ code: 'TRY_AGAIN', retryable: true, details: { n: 1 } });
  });

  it('a step may remember no more than is carried inline, and only a durable task has any', async () => {
    const large = await bench.run(await plan({ work: { uses: 'steps', with: { log: bench.log, large: true } } }));
    expect(large.error).toMatchObject({
      code: 'OUTPUT_TOO_LARGE',
      message: expect.stringContaining('tasks/steps, step number 0, returned'),
    });
    expect((await bench.run(await plan({ stray: { uses: 'stray.step' } }))).error).toMatchObject({ code: 'TASK_NOT_DURABLE' });
  });

  it('cancel and timeout end a step that is on, and its task with it', async () => {
    const before = bench.effects().length;
    const holdMs = deaf ? 300 : 60_000;
    const handle = await bench.runner.start({
      plan: await plan({ work: { uses: 'steps', with: { log: bench.log, holdMs } } }),
      inputs: {},
      initiator: alice,
    });
    await eventually('the step is on', () => bench.effects().length > before);
    await bench.runner.cancel(handle.runId);
    const cancelled = await handle.result();
    expect(cancelled.status).toBe('cancelled');
    expect(cancelled.tasks[0]).toMatchObject({ status: 'cancelled' });
    const late = await bench.run(
      await plan({
        late: { uses: 'steps', with: { log: bench.log, holdMs }, timeout: 100, retry: { maxAttempts: 2, initialInterval: 10 } },
      }),
    );
    expect(late.tasks[0]).toMatchObject({ status: 'failed', attempts: 2, error: { code: 'TIMEOUT' } });
    const seen = bench.effects().slice(before);
    expect(seen.filter(({ id }) => id.endsWith('/1'))).toEqual([]);
    expect(seen.filter(({ id, phase }) => id === 'late/0' && phase === 'begin')).toHaveLength(2);
  });

  it('waits for approvals before its first task, and for people in a task', async () => {
    const approvals = { required: true, approvers: ['ombuds', 'legal'], quorum: 'all' as const, allowSelfApproval: false };
    const before = bench.effects().length;
    const handle = await bench.runner.start({
      plan: await plan(
        { a: { uses: 'effect.append', with: append('approved') }, gate: { uses: 'ask', with: { approvers: ['sre'] }, needs: ['a'] } },
        { approvals, outputs: { gate: { $cel: 'tasks.gate.output' } } },
      ),
      inputs: {},
      initiator: alice,
    });
    const pending = async () => (await bench.runner.active()).find(({ runId }) => runId === handle.runId)?.pending ?? [];
    const roles = async () => (await pending()).map(({ role }) => role);
    await eventually('both roles are asked', async () => (await roles()).length === 2);
    const [first] = await pending();
    expect(first?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);

    const decide = (role: string, by: string, more = {}) => bench.runner.decide(handle.runId, { role, by, approved: true, ...more });
    await expect(decide('ombuds', 'alice')).rejects.toThrow(/initiator's own decision does not count/);
    await expect(decide('ceo', 'olive')).rejects.toThrow(/waits for no decision by "ceo".*ombuds \(approval\), legal \(approval\)/);
    await expect(decide('ombuds', '  ')).rejects.toThrow(/name of who decides/);
    await expect(decide('ombuds', 'olive', { digest: 'sha256:other' })).rejects.toThrow(/look at the run again/);
    await decide('ombuds', 'olive', { comment: 'fine', ...(first?.digest ? { digest: first.digest } : {}) });
    await eventually('ombuds is done', async () => (await roles()).join() === 'legal');
    await expect(decide('ombuds', 'oscar')).rejects.toThrow(/waits for no decision by "ombuds"/);
    expect(bench.effects()).toHaveLength(before);
    await decide('legal', 'lea');
    await eventually('the gate asks', async () => (await roles()).join() === 'sre');
    await decide('sre', 'sam');
    const result = await handle.result();
    expect(result.status).toBe('succeeded');
    expect(result.approvals.map(({ by, role, comment }) => [by, role, comment])).toEqual([
      ['olive', 'ombuds', 'fine'],
      ['lea', 'legal', undefined],
    ]);
    expect(result.outputs?.gate).toMatchObject({ decisions: [{ by: 'sam', role: 'sre', approved: true }] });
  });

  it('fails when somebody rejects, and when nobody decides in time', async () => {
    const approvals = { required: true, approvers: ['ombuds', 'legal'], quorum: 'all' as const, allowSelfApproval: false };
    const what = { a: { uses: 'effect.append', with: append('never') } };
    const handle = await bench.runner.start({ plan: await plan(what, { approvals }), inputs: {}, initiator: alice });
    await eventually('asked', async () =>
      (await bench.runner.active()).some(({ runId, state }) => runId === handle.runId && state === 'waiting'),
    );
    await bench.runner.decide(handle.runId, { role: 'legal', by: 'lea', approved: false, comment: 'not on a Friday' });
    const rejected = await handle.result();
    expect(rejected.error?.code).toBe('APPROVAL_REJECTED');
    expect(rejected.error?.message).toMatch(/rejected by lea \(legal\) at .*not on a Friday/);
    const expired = await bench.run(await plan(what, { approvals: { ...approvals, expiresIn: 80 } }));
    expect(expired.error?.code).toBe('APPROVAL_EXPIRED');
    expect(expired.error?.message).toMatch(/no decision by ombuds, legal/);
    expect(expired.tasks[0]?.status).toBe('skipped');
    expect(bench.effects().some(({ id }) => id === 'never')).toBe(false);
  });

  it('needs only as many decisions as the quorum says', async () => {
    const approvals = { required: true, approvers: ['a', 'b', 'c'], quorum: 2, allowSelfApproval: true };
    const handle = await bench.runner.start({
      plan: await plan({ a: { uses: 'echo', with: { value: 1 } } }, { approvals }),
      inputs: {},
      initiator: alice,
    });
    await eventually('asked', async () =>
      (await bench.runner.active()).some(({ runId, state }) => runId === handle.runId && state === 'waiting'),
    );
    await bench.runner.decide(handle.runId, { role: 'c', by: 'alice', approved: true });
    await bench.runner.decide(handle.runId, { role: 'a', by: 'bob', approved: true });
    expect((await handle.result()).approvals).toHaveLength(2);
  });

  it('keeps secrets inside of execute', async () => {
    const secretPlan = await plan({
      given: { uses: 'secret', with: { given: { $secret: 'TOKEN' } } },
      asked: { uses: 'secret', with: { ask: 'TOKEN' } },
      leak: { uses: 'secret', with: { given: { $secret: 'TOKEN' }, leak: true }, needs: ['given', 'asked'] },
    });
    const result = await bench.run(secretPlan);
    expect(result.tasks.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'failed']);
    const everything = JSON.stringify([result, bench.events]);
    for (const form of [
      's3cr3t/value+1',
      encodeURIComponent('s3cr3t/value+1'),
      Buffer.from('s3cr3t/value+1').toString('base64').slice(0, 16),
      Buffer.from('user:s3cr3t/value+1!').toString('base64').slice(8, 24),
    ]) {
      expect(everything).not.toContain(form);
    }
    expect(everything).toContain('[redacted]');
    expect(bench.data('task.succeeded')[0]).toMatchObject({ output: { length: 14 } });
  });

  it('refuses a secret that is missing or not declared', async () => {
    const missing = await bench.run(await plan({ a: { uses: 'secret', with: { given: { $secret: 'OTHER' } } } }));
    expect(missing.error).toMatchObject({ code: 'SECRET_MISSING' });
    const undeclared = await bench.run(await plan({ a: { uses: 'secret', with: { ask: 'OTHER' } } }));
    expect(undeclared.error).toMatchObject({ code: 'SECRET_UNDECLARED' });
  });

  it('does not take data that looks like a secret reference for one', async () => {
    const result = await bench.run(
      await plan(
        { a: { uses: 'echo', with: { value: { $cel: 'params.data' } } } },
        {
          inputs: [{ name: 'data', type: 'object', required: true }],
          parameters: [{ name: 'data', type: 'object', required: true }],
          bindings: { data: { $cel: 'inputs.data' } },
          outputs: { value: { $cel: 'tasks.a.output.value' } },
        },
      ),
      { data: { $secret: 'TOKEN' } },
    );
    expect(result.outputs).toEqual({ value: { $secret: 'TOKEN' } });
  });

  it('checks input and output against the schemas of the task', async () => {
    const input = await bench.run(await plan({ a: { uses: 'effect.append', with: { log: 7, id: 'x', extra: 1 } } }));
    expect(input.error).toMatchObject({ code: 'INVALID_INPUT', task: 'a' });
    expect(input.error?.message).toMatch(/input of task a does not fit tasks\/effect\.append@0\.1\.0.*\("extra"\).*\/log must be string/s);
    const output = await bench.run(await plan({ a: { uses: 'wrong.output' } }));
    expect(output.error?.code).toBe('OUTPUT_INVALID');
    expect(output.error?.message).toContain('/n must be integer');
  });

  it('reports an expression that fails at run time as an error of its task', async () => {
    const result = await bench.run(await plan({ a: { uses: 'echo', with: { value: { $cel: '1 / 0' } } } }));
    expect(result.error).toMatchObject({ code: 'EXPRESSION_FAILED', task: 'a' });
  });

  it('refuses to start what may not run', async () => {
    const start = async (more: object, inputs = {}) =>
      bench.runner.start({ plan: { ...(await plan({ a: { uses: 'echo', with: { value: 1 } } })), ...more }, inputs, initiator: alice });
    await expect(start({ allowRoles: ['ciso'] })).rejects.toMatchObject({
      code: 'ROLE_REQUIRED',
      message: expect.stringMatching(/may be started by ciso only; alice has the roles: sre/),
    });
    await expect(start({ inputs: [{ name: 'n', type: 'integer', required: true }] }, { m: 1 })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    const other = await plan({ a: { uses: 'echo', with: { value: 1 } } });
    for (const task of other.tasks) task.uses.digest = 'sha256:other';
    await expect(start({ tasks: other.tasks })).rejects.toMatchObject({ code: 'TASK_NOT_INSTALLED' });
    await expect(bench.runner.start({ plan: other, inputs: {}, initiator: alice, runId: "x' or 1=1" })).rejects.toMatchObject({
      code: 'RUN_ID_INVALID',
    });
    await expect(bench.runner.decide('no-such-run', { role: 'x', by: 'y', approved: true })).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
    await expect(bench.runner.cancel('no-such-run')).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
  });

  it('binds parameters: defaults, optional inputs that were not given, values that do not fit', async () => {
    const optional = { type: 'string', required: false } as const;
    const what = await plan(
      { a: { uses: 'echo', with: { value: { $cel: 'has(params.note) ? params.note : params.tone' } } } },
      {
        inputs: [{ name: 'note', ...optional }],
        parameters: [
          { name: 'note', ...optional, pattern: '^[a-z]+$' },
          { name: 'tone', ...optional, default: 'plain' },
        ],
        bindings: { note: { $cel: 'inputs.note' } },
        outputs: { value: { $cel: 'tasks.a.output.value' } },
      },
    );
    expect((await bench.run(what)).outputs).toEqual({ value: 'plain' });
    expect((await bench.run(what, { note: 'loud' })).outputs).toEqual({ value: 'loud' });
    const wrong = await bench.run(what, { note: 'LOUD' });
    expect(wrong.error).toMatchObject({ code: 'PARAMETER_INVALID', message: expect.stringMatching(/parameters of test: .*note/) });
  });

  it('takes names of JavaScript for names', async () => {
    const result = await bench.run(
      await plan(
        {
          constructor: { uses: 'echo', with: { value: 1 } },
          valueof: { uses: 'echo', with: { value: { $cel: 'tasks.constructor.output.value + 1' } }, needs: ['constructor'] },
        },
        { outputs: { n: { $cel: 'tasks.valueof.output.value' } } },
      ),
    );
    expect(result.outputs).toEqual({ n: 2 });
  });

  it('does not call a plan done of which a part could never start', async () => {
    const result = await bench.run(
      await plan({ a: { uses: 'echo', with: { value: 1 }, needs: ['b'] }, b: { uses: 'echo', with: { value: 1 }, needs: ['a'] } }),
    );
    expect(result.error).toMatchObject({ code: 'PLAN_INVALID', message: expect.stringContaining('a, b') });
  });

  it('starts a run once, however often it is asked to', async () => {
    const before = bench.effects().length;
    const request = {
      plan: await plan({ a: { uses: 'effect.append', with: append('once', 30) } }),
      inputs: {},
      initiator: alice,
      runId: `once-${kind}-${deaf}`,
    };
    const results = await Promise.all([1, 2, 3].map(async () => (await bench.runner.start(request)).result()));
    expect(results.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(bench.effects().slice(before)).toHaveLength(2);
  });

  it('publishes every event once, in order', async () => {
    const result = await bench.run(
      await plan({
        a: { uses: 'echo', with: { value: 1 } },
        b: { uses: 'fail', with: { how: 'x' }, needs: ['a'] },
        c: { uses: 'echo', with: { value: 1 }, needs: ['b'] },
      }),
    );
    const mine = bench.events.filter(({ subject }) => subject === result.runId);
    expect(mine.map(({ type }) => type)).toEqual([
      'run.queued',
      'run.started',
      'task.started',
      'task.succeeded',
      'task.started',
      'task.attempt-failed',
      'task.failed',
      'task.skipped',
      'run.finished',
    ]);
    expect(new Set(mine.map(({ id }) => id)).size).toBe(mine.length);
    expect(mine.every(({ specversion, source }) => specversion === '1.0' && source === 'maestro/test@1.0.0')).toBe(true);
  });

  it('takes random graphs to their end', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      let state = seed * 7919;
      const next = (n: number) => {
        state = (state * 48271) % 2147483647;
        return state % n;
      };
      const tasks: Parameters<typeof plan>[0] = {};
      const ids: string[] = [];
      for (let i = 0; i < 12; i++) {
        const needs = ids.filter(() => next(3) === 0);
        const id = `t${i}`;
        tasks[id] =
          next(4) === 0
            ? { uses: 'wait', with: { ms: next(30), times: 1 + next(3) }, needs }
            : { uses: 'effect.append', with: append(`g${seed}${id}${kind}${deaf}`, next(40)), needs };
        ids.push(id);
      }
      const result = await bench.run(await plan(tasks));
      expect(result.error).toBeUndefined();
      expect(result.tasks.every(({ status, attempts }) => status === 'succeeded' && attempts === 1)).toBe(true);
    }
  }, 60_000);
});
