import { join } from 'node:path';
import type { Plan, Template } from '@summit/maestro-manifest';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { loadContracts } from '@summit/maestro-worker/packages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alice, Bench, eventually, FIXTURES, plan } from './harness.ts';

const CORE = '@summit/maestro-tasks-core';

/** A plan of one task of the shipped package. */
async function one(uses: string, given: Template): Promise<Plan> {
  const contract = (await loadContracts([CORE], import.meta.dirname)).find(({ name }) => name === uses);
  if (contract === undefined) throw new Error(`no task ${uses}`);
  const made = await plan({ it: { uses: 'echo', with: given } });
  const [task] = made.tasks;
  if (task !== undefined) task.uses = { name: contract.name, version: contract.version, digest: contract.digest };
  return made;
}

describe.each([
  { name: 'in-process', kind: 'in-process', inactivityMs: undefined },
  { name: 'restate', kind: 'embedded', inactivityMs: undefined },
  { name: 'restate, always replaying', kind: 'embedded', inactivityMs: 0 },
] as const)('on $name', ({ kind, inactivityMs }) => {
  const bench = new Bench();
  beforeAll(() => bench.open(kind, { packages: [FIXTURES, CORE], decide: () => new Promise(() => {}) }, inactivityMs));
  afterAll(() => bench.close());

  it.concurrent('a wait until a time ends then, and one until a time that is past does not wait', async () => {
    const until = Date.now() + 700;
    const waited = await bench.run(await one('tasks/wait.sleep', { until: new Date(until).toISOString() }));
    expect(waited.status).toBe('succeeded');
    expect(Date.now()).toBeGreaterThanOrEqual(until - 5);
    expect((bench.output(waited.runId, 'it') as { slept: number }).slept).toBeLessThanOrEqual(700);
    const past = await bench.run(await one('tasks/wait.sleep', { until: '2020-01-01T00:00:00Z' }));
    expect(bench.output(past.runId, 'it')).toEqual({ slept: 0 });
  });

  it.concurrent('a gate that nobody answers expires and names who was asked; a decision after that is refused', async () => {
    const gate = await one('ops/approval.gate', { approvers: ['lead', 'legal'], expiresIn: '900ms' });
    const { runId, result } = await bench.runner.start({ plan: gate, inputs: {}, initiator: alice });
    await eventually('it asks', async () => (await bench.runner.find(runId))?.pending.length === 2);
    await bench.runner.decide(runId, { role: 'lead', by: 'lea', approved: true });
    const { status, error } = await result();
    expect({ status, code: error?.code, message: error?.message }).toEqual({
      status: 'failed',
      code: 'APPROVAL_EXPIRED',
      message: 'no decision by legal within 900 ms',
    });
    await expect(bench.runner.decide(runId, { role: 'legal', by: 'lea', approved: true })).rejects.toMatchObject({
      code: expect.stringMatching(/DECISION_REFUSED|RUN_UNKNOWN/),
    });
  });

  it.concurrent('a gate that is answered in time goes on, and its expiry comes to nothing', async () => {
    const gate = await one('ops/approval.gate', { approvers: ['lead'], expiresIn: '600ms' });
    const what: Plan = { ...gate, tasks: [...gate.tasks, ...(await plan({ after: { uses: 'wait', with: { ms: 800 } } })).tasks] };
    const after = what.tasks[1];
    if (after !== undefined) after.needs = ['it'];
    const { runId, result } = await bench.runner.start({ plan: what, inputs: {}, initiator: alice });
    await eventually('it asks', async () => (await bench.runner.find(runId))?.pending.length === 1);
    await bench.runner.decide(runId, { role: 'lead', by: 'lea', approved: true, comment: 'fine' });
    expect((await result()).status).toBe('succeeded');
    expect(bench.output(runId, 'it')).toMatchObject({ approved: true, decisions: [{ by: 'lea', role: 'lead', comment: 'fine' }] });
  });

  it('nobody decides about a run or cancels it from the moment its end was told', async () => {
    const gate = await one('ops/approval.gate', { approvers: ['legal'], expiresIn: '300ms' });
    const answers = new Set<string>();
    const late = async (): Promise<void> => {
      const { runId, result } = await bench.runner.start({ plan: gate, inputs: {}, initiator: alice });
      await result();
      const changes = await Promise.allSettled([
        bench.runner.decide(runId, { role: 'legal', by: 'lea', approved: true }),
        bench.runner.cancel(runId),
      ]);
      for (const change of changes) answers.add(change.status === 'rejected' ? change.reason.code : 'done');
    };
    await Promise.all(Array.from({ length: 100 }, late));
    expect([...answers].filter((code) => !/^(DECISION_REFUSED|RUN_UNKNOWN|RUN_ENDED)$/.test(code))).toEqual([]);
  });
});

it('what waits for days is at rest: the worker holds nothing of it, and a cancel wakes it', async () => {
  const bench = new Bench();
  await bench.open('embedded', { packages: [FIXTURES, CORE] }, 100);
  try {
    const far = new Date(Date.now() + 3 * 24 * 3_600_000).toISOString();
    const gate = await one('ops/approval.gate', { approvers: ['lead'], expiresIn: '7d' });
    const runs = await Promise.all(
      [await one('tasks/wait.sleep', { until: far }), gate].map((what) => bench.runner.start({ plan: what, inputs: {}, initiator: alice })),
    );
    const { client } = await EmbeddedServer.open({ folder: join(bench.folder, '.maestro', 'restate') });
    await eventually('both are at rest', async () => {
      const rows = await client.query("select status from sys_invocation where target_handler_name = 'run'");
      return rows.length === 2 && rows.every(({ status }) => status === 'suspended');
    });
    const [sleeping, asking] = runs;
    await bench.runner.cancel(sleeping?.runId ?? '');
    expect((await sleeping?.result())?.status).toBe('cancelled');
    await bench.runner.decide(asking?.runId ?? '', { role: 'lead', by: 'lea', approved: true });
    expect((await asking?.result())?.status).toBe('succeeded');
  } finally {
    await bench.close();
  }
});
