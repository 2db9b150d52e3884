import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Plan, planDigest } from '@summit/maestro-manifest';
import { type PastRun, type RunResult, retryRequest } from '@summit/maestro-worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { alice, Bench, eventually, plan, type TestPlan, type TestTasks } from './harness.ts';

const bob = { id: 'bob', roles: ['sre'] };

describe.each([
  { name: 'in-process', kind: 'in-process', inactivityMs: undefined },
  { name: 'restate', kind: 'embedded', inactivityMs: undefined },
  { name: 'restate, always replaying', kind: 'embedded', inactivityMs: 0 },
] as const)('a retry on $name', ({ kind, inactivityMs }) => {
  const bench = new Bench();
  const file = join(bench.folder, 'mended');
  // In this process questions are put to `decide`, which leaves them to the tests.
  beforeAll(() => bench.open(kind, { decide: () => new Promise(() => {}) }, inactivityMs));
  afterAll(() => bench.close());
  beforeEach(() => {
    rmSync(file, { force: true });
    rmSync(bench.log, { force: true });
  });

  const append = (id: string, more = {}) => ({ uses: 'effect.append', with: { log: bench.log, id }, ...more });
  const mended = (id: string, more = {}) => ({ uses: 'mended', with: { log: bench.log, id, file }, ...more });
  const past = (what: Plan, { runId, status }: Pick<RunResult, 'runId' | 'status'>): PastRun => ({
    runId,
    plan: what,
    planDigest: planDigest(what),
    inputs: {},
    status,
  });
  /** Runs a plan that fails, has the cause mended, and retries it. */
  const twice = async (tasks: TestTasks, more: TestPlan = {}, initiator = alice) => {
    const what = await plan(tasks, more);
    const first = await bench.run(what);
    expect(first.status).toBe('failed');
    const before = bench.effects().filter(({ phase }) => phase === 'begin').length;
    writeFileSync(file, '');
    const { result, effects } = await again(what, first, initiator);
    return { what, first, result, effects: effects.slice(before) };
  };
  const again = async (what: Plan, first: RunResult, initiator = alice) => {
    const request = retryRequest(past(what, first), bench.of(first.runId), initiator);
    const result = await (await bench.runner.start(request)).result();
    return { result, effects: bench.effects().filter(({ phase }) => phase === 'begin') };
  };
  const began = (effects: ReturnType<Bench['effects']>) => effects.filter(({ phase }) => phase === 'begin').map(({ id }) => id);

  it('executes nothing again that succeeded, and what failed under the key it had', async () => {
    const { first, result, effects } = await twice(
      {
        one: append('one'),
        two: { ...mended('two'), needs: ['one'] },
        three: { uses: 'echo', with: { value: { $cel: 'tasks.one.output.key + tasks.two.output.key' } }, needs: ['two'] },
        aside: append('aside'),
      },
      { outputs: { key: { $cel: 'tasks.three.output.value' } } },
    );
    expect(result).toMatchObject({ status: 'succeeded', parent: first.runId, outputs: { key: `${first.runId}/one${first.runId}/two` } });
    expect(began(effects)).toEqual(['two']);
    expect(result.tasks).toMatchObject([
      { id: 'one', status: 'succeeded', attempts: 0, reused: true },
      { id: 'two', status: 'succeeded', attempts: 1 },
      { id: 'three', status: 'succeeded', attempts: 1 },
      { id: 'aside', status: 'succeeded', reused: true },
    ]);
    const events = bench.of(result.runId);
    expect(events.filter(({ data }) => data.reused === true)).toMatchObject([
      { type: 'task.succeeded', data: { task: 'one', uses: 'tasks/effect.append@0.1.0', attempts: 0, output: { id: 'one' } } },
      { type: 'task.succeeded', data: { task: 'aside' } },
    ]);
    expect(events.find(({ type, data }) => type === 'task.started' && data.task === 'two')?.data).toMatchObject({ begunIn: first.runId });
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it('executes again what was undone, and what was built on it, under keys of its own', async () => {
    const { result, effects } = await twice({
      host: append('host', { compensate: append('undo host') }),
      other: append('other'),
      setup: { ...append('setup'), needs: ['host', 'other'] },
      fail: { ...mended('fail'), needs: ['setup'] },
    });
    expect(result.status).toBe('succeeded');
    expect(began(effects)).toEqual(['host', 'setup', 'fail']);
    expect(effects.map(({ key }) => key.split('/')[0])).toEqual(effects.map(() => result.runId));
  });

  it('goes on in the middle of a list, unless the list is another', async () => {
    const list = (within: unknown[] | { $cel: string }) => ({
      all: {
        uses: 'mended',
        with: { log: bench.log, id: { $cel: 'item' }, file: { $cel: `item == "a" || item == "b" ? "${bench.folder}" : "${file}"` } },
        forEach: { in: within as never, maxParallel: 1 },
      },
      after: { uses: 'echo', with: { value: { $cel: 'tasks.all.output.map(one, one.id)' } }, needs: ['all'] },
    });
    const same = await twice(list(['a', 'b', 'c', 'd']));
    expect(began(same.effects)).toEqual(['c', 'd']);
    expect(same.effects.map(({ key }) => key)).toEqual([`${same.first.runId}/all[2]`, `${same.result.runId}/all[3]`]);
    expect(bench.output(same.result.runId, 'after')).toMatchObject({ value: ['a', 'b', 'c', 'd'] });
    expect(same.result.tasks[0]).toMatchObject({ items: { total: 4, succeeded: 4, failed: 0 } });

    rmSync(file);
    const other = await twice(list({ $cel: '["a", "b", "c", run.id]' }));
    expect(began(other.effects)).toEqual(['a', 'b', 'c', other.result.runId]);
    expect(other.effects.every(({ key }) => key.startsWith(other.result.runId))).toBe(true);
  });

  it('goes on inside of sub-workflows, and does there again what they have undone', async () => {
    const { first, result, effects } = await twice(
      {
        sub: { uses: 'workflows/sub' },
        subs: { uses: 'workflows/sub', forEach: { in: [1, 2], maxParallel: 2 }, needs: [] },
        whole: { uses: 'workflows/fine' },
      },
      {
        workflows: {
          sub: {
            tasks: {
              kept: append('kept'),
              taken: { ...append('taken'), compensate: append('undo') },
              fails: { ...mended('fails'), needs: ['kept'] },
              built: { ...mended('built'), needs: ['fails', 'taken'] },
            },
            outputs: { key: { $cel: 'tasks.fails.output.key' } },
          },
          fine: { tasks: { inner: append('inner') } },
        },
      },
    );
    expect(result.status).toBe('succeeded');
    expect(began(effects).filter((id) => id === 'kept' || id === 'inner')).toEqual([]);
    expect(began(effects).toSorted()).toEqual(['built', 'built', 'built', 'fails', 'fails', 'fails', 'taken', 'taken', 'taken']);
    const keys = effects.filter(({ id }) => id === 'fails').map(({ key }) => key);
    expect(keys.toSorted()).toEqual([`${first.runId}/sub/fails`, `${first.runId}/subs[0]/fails`, `${first.runId}/subs[1]/fails`]);
  });

  it('lets a failure stand that the workflow had gone on after, and a condition that was false', async () => {
    const { result, effects } = await twice({
      weak: { ...mended('weak'), continueOnError: true },
      never: { ...append('never'), when: false },
      strong: { ...append('strong'), needs: ['weak'], when: { $cel: 'tasks.weak.status == "failed"' }, onAnyStatus: true },
      boom: { ...mended('boom'), needs: ['strong'] },
    });
    expect(result).toMatchObject({
      status: 'succeeded',
      tasks: [{ status: 'failed', reused: true, error: { code: 'NOT_MENDED' } }, { status: 'skipped' }, { reused: true }, { attempts: 1 }],
    });
    expect(began(effects)).toEqual(['boom']);
  });

  it('runs hooks again, and a retry can be retried: keys and results are those of the first run', async () => {
    const tasks = { one: append('one'), two: { ...mended('two'), needs: ['one'] } };
    const what = await plan(tasks, { finally: { last: append('last') } });
    const first = await bench.run(what);
    const second = await again(what, first);
    expect(second.result).toMatchObject({
      status: 'failed',
      parent: first.runId,
      tasks: [{ reused: true }, {}, { id: 'last', attempts: 1 }],
    });
    writeFileSync(file, '');
    const third = await again(what, second.result);
    expect(third.result).toMatchObject({ status: 'succeeded', parent: second.result.runId });
    expect(began(third.effects)).toEqual(['one', 'two', 'last', 'two', 'last', 'two', 'last']);
    expect(new Set(third.effects.filter(({ id }) => id === 'two').map(({ key }) => key))).toEqual(new Set([`${first.runId}/two`]));
  });

  it('undoes what it has taken over, when it fails after a run that was ended without undoing', async () => {
    const tasks = {
      one: append('one', { compensate: append('undo one') }),
      list: append('item', { forEach: { in: [1, 2] }, compensate: append('undo item') }),
    };
    const what = await plan({ ...tasks, two: { ...mended('two'), needs: ['one', 'list'] } });
    const first = await bench.run(what);
    // What its engine had ended would have told nothing of undoing.
    const events = bench
      .of(first.runId)
      .filter(({ type }) => !type.startsWith('task.compensat') && type !== 'run.queued')
      .map((event, n) => ({ ...event, id: `${first.runId}/${n}` }));
    rmSync(bench.log, { force: true });
    const result = await (await bench.runner.start(retryRequest(past(what, first), events, alice))).result();
    expect(result.status).toBe('failed');
    expect(began(bench.effects())).toEqual(['two', 'undo item', 'undo item', 'undo one']);
    expect(result.compensations).toHaveLength(3);
  });

  it('asks for approvals again; an answer at a gate stands, unless it was given by who retries', async () => {
    const what = await plan(
      { gate: { uses: 'ask', with: { approvers: ['lead'] } }, two: { ...mended('two'), needs: ['gate'] } },
      { approvals: { required: true, approvers: ['lead'], quorum: 'all', allowSelfApproval: false } },
    );
    const decide = async (runId: string, by: string, name: RegExp) => {
      const asked = async () => (await bench.runner.find(runId))?.pending.find((pending) => name.test(pending.name))?.name;
      await eventually(`run ${runId} asks`, async () => (await asked()) !== undefined);
      await bench.runner.decide(runId, { role: 'lead', by, approved: true, name: (await asked()) ?? '' });
    };
    const start = (request: Parameters<typeof bench.runner.start>[0]) => bench.runner.start(request);
    const first = await start({ plan: what, inputs: {}, initiator: alice });
    await decide(first.runId, 'lea', /^approval$/);
    await decide(first.runId, 'bob', /gate/);
    const failed = await first.result();
    expect(failed.error?.code).toBe('NOT_MENDED');
    writeFileSync(file, '');
    const request = (initiator: typeof alice) => retryRequest(past(what, failed), bench.of(failed.runId), initiator);

    const same = await start(request(alice));
    await decide(same.runId, 'lea', /^approval$/);
    expect(await same.result()).toMatchObject({ status: 'succeeded', tasks: [{ id: 'gate', reused: true }, {}] });

    const other = await start(request(bob));
    await decide(other.runId, 'lea', /^approval$/);
    await decide(other.runId, 'lea', /gate/);
    expect(await other.result()).toMatchObject({ status: 'succeeded', tasks: [{ id: 'gate', attempts: 1 }, {}] });
  });

  it('is refused for what there is nothing to retry of, for another plan, and by the rules of every run', async () => {
    const what = await plan({ two: mended('two') }, { allowRoles: ['sre'] });
    const first = await bench.run(what);
    const events = bench.of(first.runId);
    const attempt = (more: Partial<PastRun>) => () => retryRequest({ ...past(what, first), ...more }, events, alice);
    expect(attempt({ status: 'succeeded' })).toThrow(expect.objectContaining({ code: 'RUN_SUCCEEDED' }));
    const { status: _, ...unfinished } = past(what, first);
    expect(() => retryRequest(unfinished, events, alice)).toThrow(expect.objectContaining({ code: 'RUN_UNFINISHED' }));
    expect(attempt({ dryRun: true })).toThrow(expect.objectContaining({ code: 'RUN_DRY' }));
    expect(attempt({ plan: { ...what, outputs: { x: 1 } } })).toThrow(expect.objectContaining({ code: 'PLAN_CHANGED' }));
    expect(() => retryRequest(past(what, first), events.toSpliced(2, 1), alice)).toThrow(
      expect.objectContaining({ code: 'HISTORY_INCOMPLETE', message: expect.stringMatching(/^1 events of run .* are missing/) }),
    );
    const request = retryRequest(past(what, first), events, { id: 'eve', roles: [] });
    await expect(bench.runner.start(request)).rejects.toMatchObject({ code: 'ROLE_REQUIRED' });
    const huge = { ...request, initiator: alice, reuse: { results: { two: 'x'.repeat(17 * 2 ** 20) } } };
    await expect(bench.runner.start(huge)).rejects.toMatchObject({ code: 'RUN_TOO_LARGE' });
  });
});
