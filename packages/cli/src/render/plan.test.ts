import { readFileSync } from 'node:fs';
import { type Plan, planView } from '@summit/maestro-manifest';
import type { TaskContract } from '@summit/maestro-sdk';
import pc from 'picocolors';
import { expect, test } from 'vitest';
import type { Touches } from '../catalog/resources.ts';
import { planLines } from './plan.ts';

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../../manifest/testdata/${name}`, import.meta.url), 'utf8'));
const contracts = read('contracts.json') as TaskContract[];
const plan = read('every-construct.plan.json') as Plan;
const defaults = { timeout: 900_000, maxParallel: 10, retry: { maxAttempts: 3, initialInterval: 1_000, maxInterval: 60_000, factor: 2 } };

test('shows everything that a plan can say', async () => {
  const touches = new Map<string, Touches>([
    ['fetch', Array.from({ length: 14 }, (_, at) => ({ type: 's3.object', id: `b/${at}` }))],
    ['ingest/send', 'known at run time'],
    ['ingest/compensate', [{ type: 'slack', id: 'hook' }]],
  ]);
  const view = planView(plan, contracts, { defaults, itemCounts: new Map([['fetch', 14]]), approvalDigest: 'sha256:of-both' });
  const inputs = { bucket: 'b', keys: ['0', '1'], notify: true };
  const lines = planLines({ plan, digest: 'sha256:of-plan', view, touches, inputs, missing: [] }, pc.createColors(false));
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('../../testdata/every-construct.plan.txt');
});

test('what comes from a manifest cannot steer the terminal', () => {
  const hostile = structuredClone(plan);
  for (const task of hostile.tasks) {
    task.with = {};
    task.when = { $cel: '"\u001b[2J"' };
    task.pool = '\u202e';
  }
  const view = planView(hostile, contracts, { defaults });
  const touches = new Map<string, Touches>([['gate', [{ type: 'x', id: '\u001b[31m' }]]]);
  const lines = planLines({ plan: hostile, digest: '', view, touches, inputs: undefined, missing: [] }, pc.createColors(false));
  expect(lines.join('\n')).toContain('\\x1b[2J');
  for (const raw of ['\u001b', '\u202e']) expect(lines.join('')).not.toContain(raw);
});
