import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Plan, planDigest } from '@summit/maestro-manifest';
import { type RunResult, retryRequest } from '@summit/maestro-worker';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alice, Bench, plan, type TestTask, type TestTasks } from './harness.ts';

const RUNS = Number(process.env.MAESTRO_TEST_RETRIES ?? 60);

/** A task of a random graph: what it needs is before it in the list. */
interface Made {
  needs: number[];
  kind: 'task' | 'list' | 'sub' | 'subs';
  /** Fails until its cause is mended; of a list its last item does. */
  fails: boolean;
  undone: boolean;
}

const made = (at: number): fc.Arbitrary<Made> =>
  fc.record({
    needs: at === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat(at - 1), { maxLength: 3 }),
    kind: fc.constantFrom('task', 'task', 'list', 'sub', 'subs'),
    fails: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    undone: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  });
const graphs = fc.integer({ min: 1, max: 7 }).chain((size) => fc.tuple(...Array.from({ length: size }, (_, at) => made(at))));

const bench = new Bench();
const cause = join(bench.folder, 'mended');
beforeAll(() => bench.open('in-process'));
afterAll(() => bench.close());

/** What a task of the graph returned, as a text. */
function idOf({ kind }: Made, at: number): string {
  const output = `tasks.t${at}.output`;
  return kind === 'task' || kind === 'sub' ? `${output}.id` : `${output}[0].id + ${output}[2].id`;
}

/** Every task returns what it is made of, so that two runs can be held against each other. */
function planOf(graph: readonly Made[]): Promise<Plan> {
  const undo = { uses: 'effect.append', with: { log: bench.log, id: 'undo' } };
  const call = (id: object | string, fails: boolean | object) => ({
    uses: 'mended',
    with: { log: bench.log, id, file: typeof fails === 'object' ? fails : fails ? cause : bench.folder } as never,
  });
  const tasks: TestTasks = {};
  for (const [at, { needs, kind, fails, undone }] of graph.entries()) {
    const from = [`"t${at}"`, ...needs.map((need) => idOf(graph[need] as Made, need))].join(' + ');
    const more: Partial<TestTask> = { needs: needs.map((need) => `t${need}`), ...(undone ? { compensate: undo } : {}) };
    const last = { $cel: `item == 2 && ${fails} ? "${cause}" : "${bench.folder}"` };
    if (kind === 'task') tasks[`t${at}`] = { ...call({ $cel: from }, fails), ...more };
    else if (kind === 'list') tasks[`t${at}`] = { ...call({ $cel: `${from} + string(item)` }, last), forEach: { in: [0, 1, 2] }, ...more };
    else {
      const each = kind === 'subs';
      tasks[`t${at}`] = {
        uses: 'workflows/sub',
        with: { from: { $cel: each ? `${from} + string(item)` : from }, file: each ? last : fails ? cause : bench.folder },
        ...(each ? { forEach: { in: [0, 1, 2] } } : {}),
        ...more,
      };
    }
  }
  return plan(tasks, {
    workflows: {
      sub: {
        parameters: ['from', 'file'],
        tasks: {
          a: call({ $cel: 'params.from + "a"' }, false),
          b: { ...call({ $cel: 'params.from + "b"' }, { $cel: 'params.file' }), needs: ['a'] },
          c: { ...call({ $cel: 'tasks.b.output.id + "c"' }, false), needs: ['b'], compensate: undo },
        },
        outputs: { id: { $cel: 'tasks.c.output.id' } },
      },
    },
  });
}

/** What its tasks returned, without the keys. */
function outputs({ runId }: RunResult): Record<string, unknown> {
  const told = bench.of(runId).filter(({ type }) => type === 'task.succeeded' || type === 'task.item-succeeded');
  const own = told.filter(({ data }) => !String(data.task).includes('/') && data.item === undefined);
  return Object.fromEntries(own.map(({ data }) => [data.task, JSON.parse(JSON.stringify(data.output).replaceAll(/,"key":"[^"]*"/g, ''))]));
}

const began = (runId: string) =>
  new Set(
    bench
      .of(runId)
      .filter(({ type, data }) => (type === 'task.started' && data.items === undefined) || type === 'task.item-started')
      .map(({ data }) => `${data.task}${data.item === undefined ? '' : `[${data.item}]`}`),
  );

it(`a retry of ${RUNS} random runs ends as a run that never failed, and executes nothing twice that need not be`, async () => {
  await fc.assert(
    fc.asyncProperty(graphs, async (graph) => {
      rmSync(cause, { force: true });
      const what = await planOf(graph.map((task) => ({ ...task })));
      const first = await bench.run(what);
      writeFileSync(cause, '');
      if (first.status === 'succeeded') return;
      const past = { runId: first.runId, plan: what, planDigest: planDigest(what), inputs: {}, status: first.status };
      const retry = await (await bench.runner.start(retryRequest(past, bench.of(first.runId), alice))).result();
      const clean = await bench.run(what);
      expect(retry.status).toBe('succeeded');

      const again = began(retry.runId);
      const before = bench.of(first.runId);
      const done = new Set(
        before
          .filter(({ type }) => type === 'task.succeeded' || type === 'task.item-succeeded')
          .map(({ data }) => `${data.task}${data.item === undefined ? '' : `[${data.item}]`}`),
      );
      const undone = before
        .filter(({ type }) => type === 'task.compensating')
        .map(({ data }) => `${data.task}${data.item === undefined ? '' : `[${data.item}]`}`);
      for (const [at, { needs }] of graph.entries()) {
        const name = `t${at}`;
        // Whole tasks: executed again only for a reason.
        const reason =
          !done.has(name) ||
          undone.some((one) => one === name || one.startsWith(`${name}[`) || one.startsWith(`${name}/`)) ||
          needs.some((need) => [...again].some((one) => one === `t${need}` || one.startsWith(`t${need}[`)));
        const executed = [...again].some((one) => one === name || one.startsWith(`${name}[`));
        if (executed) expect(reason, `${name} was executed again`).toBe(true);
      }
      // With what it has taken over it comes to the same.
      expect(outputs(retry)).toEqual(outputs(clean));
    }),
    { numRuns: RUNS },
  );
}, 120_000);
