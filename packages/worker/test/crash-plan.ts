import type { Plan } from '@summit/maestro-manifest';
import { plan } from './harness.ts';

/**
 * A run with every construct of the language: lists (that fail at once, and that go on), conditions, tolerated failures, retries, time limits,
 * pure calls that nobody remembers, durable tasks with steps, waits, gates that are answered and that expire, sub-workflows with hooks of their own, status expressions, outputs. With
 * `fails` it fails at its end, and undoes what it did. Every effect is two lines in `log`, of its begin and its end.
 */
export function everything(log: string, fails: boolean): Promise<Plan> {
  const step = (id: string, holdMs = 20) => ({ uses: 'effect.append', with: { log, id, holdMs } });
  const compensate = step('undo', 10);
  return plan(
    {
      list: { ...step('item'), forEach: { in: { $cel: '[1, 2, 3, params.times]' }, maxParallel: 2 }, compensate },
      some: {
        uses: 'fail',
        with: { how: 'x', log, times: { $cel: 'item' } },
        forEach: { in: [0, 1, 0], onError: 'continue', maxParallel: 3 },
        continueOnError: true,
      },
      flaky: { uses: 'fail', with: { how: 'transient', times: { $cel: 'params.times' } }, retry: { maxAttempts: 3, initialInterval: 20 } },
      tolerated: { uses: 'fail', with: { how: 'x' }, continueOnError: true },
      late: { ...step('late', 60_000), timeout: 100, retry: { maxAttempts: 1 }, continueOnError: true },
      not: { ...step('never'), when: { $cel: 'params.times > 2' } },
      steps: { uses: 'steps', with: { log, times: 3, holdMs: 20, sleepMs: 20 } },
      pure: { uses: 'doubled', with: { log: `${log}.pure`, n: { $cel: 'params.times' } }, needs: ['steps'] },
      each: {
        uses: 'doubled',
        with: { log: `${log}.pure`, n: { $cel: 'item + tasks.pure.output' } },
        forEach: { in: [1, 2, 3] },
        needs: ['pure'],
      },
      used: { uses: 'effect.append', with: { log, id: 'used', holdMs: 20, after: { $cel: 'tasks.each.output' } }, needs: ['each'] },
      gate: { uses: 'ask', with: { approvers: ['lead'] }, needs: ['steps'] },
      unheard: { uses: 'ask', with: { approvers: ['nobody'], expiresInMs: 150 }, continueOnError: true },
      subs: { uses: 'workflows/sub', with: { n: { $cel: 'item' } }, forEach: { in: [1, 2] }, needs: ['list'], compensate },
      broken: { uses: 'workflows/broken', continueOnError: true },
      wait: { uses: 'wait', with: { ms: 30, times: 2 }, needs: ['tolerated'] },
      told: {
        uses: 'echo',
        with: { value: { $cel: 'tasks.tolerated.status + " " + tasks.not.status + " " + tasks.late.status' } },
        needs: ['tolerated', 'not', 'late'],
        when: true,
        onAnyStatus: true,
      },
      end: {
        ...(fails ? { uses: 'fail', with: { how: 'x' } } : { uses: 'echo', with: { value: { $cel: 'tasks.told.output.value' } } }),
        needs: ['subs', 'wait', 'flaky', 'gate', 'told', 'unheard', 'broken', 'some', 'used'],
      },
      after: { ...step(fails ? 'never' : 'after'), needs: ['end'] },
    },
    {
      inputs: [{ name: 'times', type: 'integer', required: true }],
      bindings: { times: { $cel: 'inputs.times' } },
      parameters: [{ name: 'times', type: 'integer', required: true }],
      outputs: {
        told: { $cel: 'tasks.told.output.value' },
        items: { $cel: 'size(tasks.list.output)' },
        pure: { $cel: 'tasks.each.output' },
      },
      timeout: 600_000,
      workflows: {
        sub: {
          parameters: ['n:integer'],
          tasks: { one: { ...step('one'), compensate }, two: { ...step('two'), needs: ['one'], compensate } },
          outputs: { n: { $cel: 'params.n' } },
          finally: { last: step('last in sub') },
        },
        broken: {
          timeout: 300_000,
          tasks: { did: { ...step('did'), compensate }, bad: { uses: 'fail', with: { how: 'x' }, needs: ['did'] } },
          onFailure: { hook: step('hook in broken') },
        },
      },
      onFailure: { tell: step('tell') },
      finally: {
        first: step('first'),
        last: { ...step('last'), needs: ['first'], when: { $cel: `run.status == "${fails ? 'failed' : 'succeeded'}"` } },
      },
    },
  );
}

const ITEMS = [0, 1, 2, 3].map((n) => `list[${n}]`);
const SUBS = [0, 1].flatMap((n) => [`subs[${n}]/one`, `subs[${n}]/two`]);
/** What a run that fails undoes at its end. */
export const UNDONE = [...ITEMS, ...SUBS, 'subs[0]', 'subs[1]'];

/** The names of everything a run does, by which its effects are told apart. */
export function effectsOf(fails: boolean): string[] {
  return [
    ...ITEMS,
    ...SUBS,
    'late',
    'steps',
    'used',
    'subs[0]/last',
    'subs[1]/last',
    'broken/did',
    'broken/did:compensate',
    'broken/hook',
    'some[0]',
    'some[1]',
    'some[2]',
    'first',
    'last',
    ...(fails ? [...UNDONE.map((name) => `${name}:compensate`), 'tell'] : ['after']),
  ];
}

/** Effects that are begun only when others have ended. */
export const ORDER: readonly [before: string, after: string][] = [
  ...[0, 1].flatMap((n): [string, string][] => [
    ['list[3]', `subs[${n}]/one`],
    [`subs[${n}]/one`, `subs[${n}]/two`],
    [`subs[${n}]/two`, `subs[${n}]/last`],
    [`subs[${n}]/last`, 'first'],
  ]),
  ['broken/did', 'broken/did:compensate'],
  ['broken/did:compensate', 'broken/hook'],
  ['steps', 'used'],
  ['used', 'first'],
  ['first', 'last'],
];
