import { contractOf, type DeclaredTask } from '@summit/maestro-sdk';
import { tasks } from '@summit/maestro-tasks-core';
import { describe, expect, it } from 'vitest';
import { parseCatalog } from '../parse/catalog.ts';
import { compile } from './compile.ts';

const contracts = tasks.map((task) => contractOf(task as unknown as DeclaredTask));
const policy = (purpose: string) => `  policy: { purpose: ${purpose}, authority: a, license: l }\n`;
const workflow = (name: string, spec: string) => `apiVersion: maestro/v1
kind: Workflow
metadata: { name: ${name}, version: 1.0.0 }
spec:
${spec}`;
const uses = (...names: string[]) => `  tasks:\n${names.map((name) => `    - { id: ${name}, uses: workflows/${name}@1.0.0 }\n`).join('')}`;
const catalog = [
  workflow('root', uses('left', 'right')),
  workflow('left', policy('left') + uses('shared', 'own')),
  workflow('right', policy('right') + uses('shared', 'own')),
  workflow('shared', '  tasks: [{ id: wait, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }]\n'),
  workflow('own', `${policy('own')}  tasks: [{ id: wait, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }]\n`),
];
const runbook = `apiVersion: maestro/v1
kind: Runbook
metadata: { name: book, version: 1.0.0, owner: sre@summit }
spec:
  workflowRef: root@1.0.0
${policy('book')}`;

function purposes(ref: string): { [workflow: string]: string | undefined } {
  const { plan, diagnostics } = compile(
    parseCatalog([{ path: 'a.yaml', text: [...catalog, runbook].join('---\n') }]).catalog,
    contracts,
    ref,
  );
  expect(diagnostics).toEqual([]);
  const bodies = Object.entries(plan?.workflows ?? {}).map(([name, body]) => [name.split('@')[0], body.policy?.purpose]);
  return { root: plan?.policy?.purpose, ...Object.fromEntries(bodies) };
}

describe('the policy context', () => {
  it('of a sub-workflow without one is left to each that uses it', () => {
    expect(purposes('workflows/root')).toEqual({ root: undefined, left: 'left', right: 'right', shared: undefined, own: 'own' });
  });

  it('of a runbook goes before all others', () => {
    expect(purposes('book')).toEqual({ root: 'book', left: 'book', right: 'book', shared: 'book', own: 'book' });
  });
});
