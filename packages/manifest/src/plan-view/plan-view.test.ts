import { readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan, PlanTask, Template } from '../plan.ts';
import { criticalPath } from './critical-path.ts';
import { retryWaits } from './duration.ts';
import { stages } from './stages.ts';
import { secretsIn, templateText } from './templates.ts';
import { planView } from './view.ts';

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../testdata/${name}`, import.meta.url), 'utf8'));
const contracts = read('contracts.json') as TaskContract[];
const every = read('every-construct.plan.json') as Plan;

const task = (id: string, needs: string[] = [], more: Partial<PlanTask> = {}): PlanTask => ({
  id,
  uses: { name: 'connectors/s3.get', version: '0.1.0', digest: '' },
  needs,
  with: {},
  timeout: 1_000,
  ...more,
});
const plan = (tasks: PlanTask[], more: Partial<Plan> = {}): Plan => ({
  apiVersion: 'maestro/v1',
  kind: 'Plan',
  workflow: { name: 'w', version: '1.0.0' },
  inputs: [],
  bindings: {},
  parameters: [],
  tasks,
  outputs: {},
  ...more,
});
const workflow = (name: string) => ({ name: `workflows/${name}`, version: '1.0.0', digest: '' });

describe('stages', () => {
  it('puts a task after the last of what it needs', () => {
    expect(stages([task('a'), task('c', ['a', 'b']), task('b', ['a']), task('d')])).toEqual([['a', 'd'], ['b'], ['c']]);
    expect(stages([])).toEqual([]);
  });

  it('names a cycle, and a need that is not there', () => {
    expect(() => stages([task('a'), task('b', ['a', 'd']), task('c', ['b']), task('d', ['c'])])).toThrow(
      expect.objectContaining({ code: 'PLAN_CYCLE', message: 'the tasks need each other: b -> d -> c -> b' }),
    );
    expect(() => stages([task('a', ['a'])])).toThrow('the tasks need each other: a -> a');
    expect(() => stages([task('a', ['x'])])).toThrow(expect.objectContaining({ code: 'PLAN_NEED_UNKNOWN' }));
  });
});

describe('criticalPath', () => {
  it('is the longest of all chains', () => {
    const dag = fc.integer({ min: 1, max: 9 }).chain((size) =>
      fc.tuple(
        ...Array.from({ length: size }, (_, at) =>
          fc.record({
            id: fc.constant(`t${at}`),
            needs: fc.subarray(Array.from({ length: at }, (_, need) => `t${need}`)),
            ms: fc.nat(100),
          }),
        ),
      ),
    );
    fc.assert(
      fc.property(dag, (tasks) => {
        const longest = (id: string): number => {
          const found = tasks.find((one) => one.id === id);
          return found ? found.ms + Math.max(0, ...found.needs.map(longest)) : 0;
        };
        const { ms, chain } = criticalPath(tasks.map((one) => ({ ...one, unbounded: [], chain: [{ task: one.id, ms: one.ms }] })));
        expect(ms).toBe(Math.max(...tasks.map(({ id }) => longest(id))));
        expect(chain.reduce((sum, step) => sum + step.ms, 0)).toBe(ms);
        for (const [at, step] of chain.entries())
          if (at > 0) expect(tasks.find(({ id }) => id === step.task)?.needs).toContain(chain[at - 1]?.task);
      }),
    );
  });

  it('counts every wait between attempts, without walking through a million of them', () => {
    expect(retryWaits({ maxAttempts: 4, initialInterval: 1_000, maxInterval: 3_000, factor: 2 }, undefined)).toBe(1_000 + 2_000 + 3_000);
    expect(retryWaits({ maxAttempts: 1e9, initialInterval: 1, maxInterval: 64, factor: 2 }, undefined)).toBe(63 + 64 * (1e9 - 7));
    expect(retryWaits({ maxAttempts: 1e9 }, undefined)).toBe(0);
    expect(retryWaits({ maxAttempts: 2 }, { maxAttempts: 3, initialInterval: 500, maxInterval: 60_000, factor: 2 })).toBe(500);
    expect(retryWaits({ maxAttempts: 1e9, initialInterval: 5, factor: 3 }, undefined)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('planView', () => {
  const view = planView(every, contracts, { defaults: { maxParallel: 10 }, approvalDigest: 'sha256:x' });
  const find = (name: string) => {
    const all = [...view.tasks, ...(view.onFailure ?? []), ...(view.finally ?? []), ...(view.tasks[2]?.workflow?.tasks ?? [])];
    return all.find((one) => one.name === name);
  };

  it('tells what every task does, those of sub-workflows under parent/child', () => {
    expect(view.stages).toEqual([['fetch', 'gate'], ['ingest'], ['tell']]);
    expect(find('fetch')).toMatchObject({
      stage: 1,
      effect: 'read',
      pool: 'heavy',
      limits: { attempts: 3, timeout: 60_000, waits: 3_000 },
      forEach: { in: '${params.keys}', maxParallel: 4, onError: 'continue' },
    });
    expect(find('ingest')).toMatchObject({
      effect: 'write',
      secrets: ['SIG_URL'],
      limits: { attempts: 1, timeout: 600_000, waits: 0 },
      compensate: { effect: 'write', secrets: ['SLACK_WEBHOOK_URL', 'UNDO_HOOK'] },
      workflow: { stages: [['check'], ['send']], policy: every.policy },
    });
    expect(find('ingest/send')).toMatchObject({ id: 'send', stage: 2, needs: ['check'], effect: 'write' });
    expect(find('tell')).toMatchObject({ when: '${params.notify && size(tasks.ingest.output.receipts) > 0}', continueOnError: true });
    expect(find('log')).toMatchObject({ stage: 2, onAnyStatus: true });
  });

  it('names every secret and every decision', () => {
    expect(view.secrets).toEqual(['PAGER_HOOK', 'SIG_URL', 'SLACK_WEBHOOK_URL', 'UNDO_HOOK']);
    expect(view.approvals).toEqual([
      { approvers: ['ombuds', 'legal'], quorum: 1, expiresIn: 86_400_000, allowSelfApproval: false, digest: 'sha256:x' },
      { task: 'gate', approvers: ['release-manager'], quorum: 1, expiresIn: 7_200_000 },
    ]);
    const dynamic = task('ask', [], {
      uses: { name: 'ops/approval.gate', version: '0.1.0', digest: '' },
      with: { approvers: { $cel: 'params.roles' }, expiresIn: { $cel: 'params.time' } },
    });
    expect(planView(plan([dynamic]), []).approvals).toEqual([
      { task: 'ask', approvers: '${params.roles}', quorum: 'all', expiresIn: '${params.time}' },
    ]);
  });

  it('estimates the longest a run may take, and says what has no limit', () => {
    // gate 2h, then check 20s and send 120s of ingest, tell 3 x 30s + 1s + 1s, finally 5s and as tell.
    expect(view.estimate).toEqual({
      ms: 7_200_000 + 140_000 + 92_000 + 97_000,
      chain: [
        { task: 'gate', ms: 7_200_000 },
        { task: 'ingest/check', ms: 20_000 },
        { task: 'ingest/send', ms: 120_000 },
        { task: 'tell', ms: 92_000 },
        { task: 'cool', ms: 5_000 },
        { task: 'log', ms: 92_000 },
      ],
      unbounded: [{ task: 'fetch', why: 'how many items its list has is known at run time' }],
    });
    const counted = planView(every, contracts, { itemCounts: new Map([['fetch', 400]]) });
    expect(counted.estimate).toMatchObject({ unbounded: [], chain: [{ task: 'fetch', ms: 100 * 183_000 }, {}, {}, {}, {}, {}] });
  });

  it('has no limit for a decision that does not expire and a task without timeout, unless something around it has one', () => {
    const gate = task('ask', [], { uses: { name: 'ops/approval.gate', version: '0.1.0', digest: '' }, with: { approvers: ['a'] } });
    const { timeout: _, ...open } = task('open');
    const { timeout: __, ...ask } = gate;
    expect(planView(plan([ask, open]), contracts).estimate).toEqual({
      ms: 0,
      chain: [{ task: 'ask', ms: 0 }],
      unbounded: [
        { task: 'ask', why: 'a decision that does not expire' },
        { task: 'open', why: 'it has no timeout' },
      ],
    });
    expect(planView(plan([open]), contracts, { defaults: { timeout: 900_000, retry: { maxAttempts: 2 } } }).estimate.ms).toBe(1_800_000);
    const body = { parameters: [], tasks: [ask, task('after', ['ask'])], outputs: {}, timeout: 60_000 };
    const nested = plan([task('sub', [], { uses: workflow('inner'), timeout: 90_000 })], { workflows: { 'inner@1.0.0': body } });
    expect(planView(nested, contracts).estimate).toEqual({ ms: 60_000, chain: [{ task: 'sub', ms: 60_000 }], unbounded: [] });
  });

  it('refuses what is no plan: cycles of tasks and of workflows, a workflow that is not there, one too large', () => {
    expect(() => planView(plan([task('a', ['b']), task('b', ['a'])]), [])).toThrow('the tasks need each other: a -> b -> a');
    const sub = (name: string) => ({ parameters: [], tasks: [task('x', [], { uses: workflow(name) })], outputs: {} });
    const circle = plan(sub('one').tasks, { workflows: { 'one@1.0.0': sub('two'), 'two@1.0.0': sub('one') } });
    expect(() => planView(circle, [])).toThrow(
      expect.objectContaining({ code: 'PLAN_RECURSIVE', message: expect.stringContaining('one@1.0.0 -> two@1.0.0 -> one@1.0.0') }),
    );
    expect(() => planView(plan(sub('gone').tasks), [])).toThrow(expect.objectContaining({ code: 'PLAN_WORKFLOW_MISSING' }));
    const workflows: NonNullable<Plan['workflows']> = {};
    for (let at = 0; at < 40; at++) {
      const uses = workflow(`w${at + 1}`);
      workflows[`w${at}@1.0.0`] = {
        parameters: [],
        tasks: at === 39 ? [task('x')] : [task('x', [], { uses }), task('y', [], { uses })],
        outputs: {},
      };
    }
    expect(() => planView(plan([task('x', [], { uses: workflow('w0') })], { workflows }), [])).toThrow(
      expect.objectContaining({ code: 'PLAN_TOO_LARGE' }),
    );
  });

  it('has nothing to say of an empty workflow', () => {
    expect(planView(plan([]), [])).toEqual({
      stages: [],
      tasks: [],
      secrets: [],
      approvals: [],
      estimate: { ms: 0, chain: [], unbounded: [] },
    });
  });
});

describe('templates', () => {
  it('are written as in a manifest, and give away the secrets in them', () => {
    const template: Template = {
      a: { $text: ['x ', { $cel: 'params.a' }, ' ${'] },
      b: [{ $secret: 'ONE' }, { $map: [['$k', { $secret: 'TWO' }]] }],
    };
    expect(templateText(template)).toBe('{"a":"x ${params.a} $${","b":["${secrets.ONE}",{"$k":"${secrets.TWO}"}]}');
    expect(templateText({ $cel: 'always()' })).toBe('${always()}');
    expect(secretsIn(template)).toEqual(['ONE', 'TWO']);
  });
});
