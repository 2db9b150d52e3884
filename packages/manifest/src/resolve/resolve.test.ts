import { readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import { expect, it } from 'vitest';
import { parseCatalog } from '../parse/catalog.ts';
import { resolve } from './resolve.ts';
import { highest, isRange } from './versions.ts';

const contracts = JSON.parse(readFileSync(new URL('../../testdata/contracts.json', import.meta.url), 'utf8')) as TaskContract[];
const text = `apiVersion: maestro/v1
kind: Runbook
metadata: { name: demo, version: 2.0.0, owner: a@b }
spec: { workflowRef: demo@^1.0 }
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: demo, version: 1.4.0 }
spec:
  tasks:
    - { id: a, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }
    - { id: b, uses: tasks/wait.sleep@^0.2, with: { ms: 1 } }
    - { id: c, uses: tasks/wait.sleep@^3, with: { ms: 1 } }
`;

it('pins every reference of a runbook to the highest version that satisfies it, two of one task side by side', () => {
  const { runbook, workflow, tasks, diagnostics } = resolve(parseCatalog([{ path: 'a.yaml', text }]).catalog, contracts, 'demo');
  expect(diagnostics).toEqual([]);
  expect(runbook).toEqual({ name: 'demo', version: '2.0.0' });
  expect(workflow).toEqual({ name: 'demo', version: '1.4.0' });
  expect(tasks.map(({ id, ref, uses }) => [id, ref, uses?.version])).toEqual([
    ['a', 'tasks/wait.sleep@0.1.0', '0.1.0'],
    ['b', 'tasks/wait.sleep@^0.2', '0.2.0'],
    ['c', 'tasks/wait.sleep@^3', undefined],
  ]);
});

it.each([
  ['1.0.0', true],
  ['^1.0', true],
  ['>=1 <2 || 3.x', true],
  ['*', true],
  ['latest', false],
  ['', false],
  [`${'1 '.repeat(200)}`, false],
])('%j is a range: %s', (range, expected) => {
  expect(isRange(range)).toBe(expected);
});

it('takes the highest, by number and not by letter', () => {
  expect(highest(['1.9.0', '1.10.0', '2.0.0-rc.1'], '*')).toBe('1.10.0');
  expect(highest(['1.9.0'], '^2')).toBeUndefined();
});
