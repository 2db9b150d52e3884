import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Bench, plan, type TestTasks } from './harness.ts';

/** Calls of pure tasks, which no engine remembers: with no inactivity allowed, Restate has them computed again after every wait. */
describe.each([
  { name: 'in-process', kind: 'in-process', inactivityMs: undefined },
  { name: 'restate', kind: 'embedded', inactivityMs: undefined },
  { name: 'restate, always replaying', kind: 'embedded', inactivityMs: 0 },
] as const)('pure tasks on $name', ({ kind, inactivityMs }) => {
  const bench = new Bench();
  beforeAll(() => bench.open(kind, { secrets: [async () => '21'] }, inactivityMs));
  beforeEach(() => bench.events.splice(0));
  afterAll(() => bench.close());

  const doubled = (n: unknown, more = {}) => ({ uses: 'doubled', with: { log: bench.log, n, ...more } as never });
  const effect = (id: string, after?: unknown) => ({ uses: 'effect.append', with: { log: bench.log, id, after } as never });
  const evaluated = (id: string) => bench.effects().filter((line) => line.id === id && line.phase === 'evaluated').length;
  const run = async (tasks: TestTasks) => bench.run(await plan(tasks));

  it('stand between effects, which happen once, and are computed again when the run is replayed', async () => {
    const result = await run({
      first: effect('between-first'),
      'between-2': { ...doubled(1), needs: ['first'] },
      'between-4': { ...doubled({ $cel: 'tasks["between-2"].output' }), needs: ['between-2'] },
      second: { ...effect('between-second', { $cel: 'tasks["between-4"].output' }), needs: ['between-4'] },
      third: { ...effect('between-third'), needs: ['second'] },
    });
    expect(result).toMatchObject({ status: 'succeeded', tasks: [{}, { attempts: 1 }, { attempts: 1 }, {}, {}] });
    expect(bench.output(result.runId, 'between-4')).toBe(4);
    for (const id of ['between-first', 'between-second', 'between-third'])
      expect(bench.effects().filter((line) => line.id === id && line.phase === 'end')).toHaveLength(1);
    if (inactivityMs === 0) expect(evaluated('between-4')).toBeGreaterThan(1);
    else expect(evaluated('between-4')).toBe(1);
    expect(bench.data('task.succeeded')).toHaveLength(5);
  });

  it('fail for good, with the same error in a replay', async () => {
    const result = await run({
      'fails-1': { ...doubled('x'), retry: { maxAttempts: 5, initialInterval: 1 }, continueOnError: true },
      after: { ...effect('fails-after'), needs: ['fails-1'] },
      last: { ...effect('fails-last'), needs: ['after'] },
    });
    expect(result).toMatchObject({ status: 'succeeded', tasks: [{ status: 'failed', attempts: 1, error: { code: 'NO_NUMBER' } }, {}, {}] });
    expect(bench.data('task.attempt-failed')).toHaveLength(1);
  });

  it('are remembered where they say so, and where they are given a secret', async () => {
    const result = await run({
      'kept-1': doubled(1, { remember: true }),
      'kept-2': { ...doubled({ $secret: 'TOKEN' }), needs: ['kept-1'], continueOnError: true },
      a: { ...effect('kept-a'), needs: ['kept-2'] },
      b: { ...effect('kept-b'), needs: ['a'] },
    });
    expect(result.status).toBe('succeeded');
    expect(evaluated('kept-1')).toBe(1);
    // Once per attempt, of which there are three.
    expect(evaluated('kept-2')).toBe(3);
  });

  it('get nothing that may be another in a replay', async () => {
    const result = await run({ 'reach-1': doubled(1, { reach: true }) });
    expect(result).toMatchObject({ status: 'failed', error: { code: 'TASK_NOT_PURE', message: expect.stringContaining('ctx.artifacts') } });
  });

  it('go over a list beside tasks that have effects', async () => {
    const items = Array.from({ length: 500 }, (_, index) => index);
    const result = await run({
      list: { ...doubled({ $cel: 'item' }), forEach: { in: items, maxParallel: 10 } },
      beside: effect('list-beside'),
      after: { ...effect('list-after'), needs: ['list', 'beside'] },
    });
    expect(result).toMatchObject({ status: 'succeeded', tasks: [{ items: { succeeded: 500 } }, {}, {}] });
    expect((bench.output(result.runId, 'list') as number[])[499]).toBe(998);
  });
});
