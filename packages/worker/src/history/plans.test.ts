import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Plan, planDigest } from '@summit/maestro-manifest';
import { expect, it } from 'vitest';
import { queuedEvent, runEvent } from '../interpreter/events.ts';
import { openHistory } from './open-history.ts';

const plan: Plan = {
  apiVersion: 'maestro/v1',
  kind: 'Plan',
  workflow: { name: 'deploy', version: '1.0.0' },
  inputs: [],
  bindings: {},
  parameters: [],
  outputs: {},
  tasks: [],
};
const digest = planDigest(plan);
const queued = (runId: string) =>
  queuedEvent({
    runId,
    plan,
    planDigest: digest,
    inputs: { n: 1 },
    initiator: { id: 'ada', roles: [] },
    startedAt: '2026-01-01T00:00:00Z',
  });
const finished = (runId: string) => runEvent(runId, 'deploy@1.0.0', '1', 'run.finished', { status: 'succeeded' });

it('the plan of a run is kept once, apart from its events, for as long as a run of it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-plans-'));
  const history = await openHistory({ sqlite: join(folder, 'history.db') });
  try {
    await history.append([queued('one'), finished('one')]);
    await history.append([queued('two'), queued('one')]);
    expect(await history.plan(digest)).toEqual(plan);
    expect(await history.plan('sha256:other')).toBeUndefined();
    const [first] = await history.events('one');
    expect(first?.event).toMatchObject({ type: 'run.queued', data: { planDigest: digest, inputs: { n: 1 } } });
    expect(first?.event.data).not.toHaveProperty('plan');
    expect(await history.prune({ before: Date.now() + 1_000 })).toEqual({ runs: 1, events: 2 });
    expect(await history.plan(digest)).toEqual(plan);
    await history.append([finished('two')]);
    await history.prune({ before: Date.now() + 1_000 });
    expect(await history.plan(digest)).toBeUndefined();
  } finally {
    await history.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

it('processes that make the file at the same time wait for each other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-plans-'));
  const opened = await Promise.all(Array.from({ length: 4 }, () => openHistory({ sqlite: join(folder, 'history.db') })));
  await opened[0]?.append([queued('one')]);
  expect(await opened[3]?.list()).toMatchObject([{ runId: 'one' }]);
  for (const history of opened) await history.close();
  rmSync(folder, { recursive: true, force: true });
});
