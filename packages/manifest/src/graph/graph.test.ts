import { readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import { describe, expect, it } from 'vitest';
import type { Plan, PlanTask } from '../plan.ts';
import { graph } from './graph.ts';

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../testdata/${name}`, import.meta.url), 'utf8'));
const contracts = read('contracts.json') as TaskContract[];
const every = read('every-construct.plan.json') as Plan;

const task = (id: string, needs: string[] = [], more: Partial<PlanTask> = {}): PlanTask => ({
  id,
  uses: { name: 'tasks/x', version: '1.0.0', digest: '' },
  needs,
  with: {},
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

describe('graph', () => {
  it('draws tasks and needs, without edges that another path implies, and the approval before it all', () => {
    const tasks = [task('a'), task('b', ['a']), task('c', ['a', 'b'])];
    const approvals = { required: true, approvers: ['x', 'y'], quorum: 1, allowSelfApproval: false };
    expect(graph(plan(tasks, { approvals }), 'mermaid')).toBe(`flowchart TD
  approval{{"approval: 1 of x, y"}}
  subgraph main["tasks"]
    t0["a<br/>tasks/x@1.0.0"]
    t1["b<br/>tasks/x@1.0.0"]
    t2["c<br/>tasks/x@1.0.0"]
    t0 --> t1
    t1 --> t2
  end
  approval --> main
  classDef approval fill:#efe3fb,stroke:#7a3fb8,color:#27113d
  class approval approval
`);
    expect(graph(plan(tasks), 'dot')).toBe(`digraph "w@1.0.0" {
  rankdir=TB;
  compound=true;
  fontname="sans-serif";
  node [shape=box, fontname="sans-serif"];
  t0 [label="a\\ntasks/x@1.0.0", style=rounded];
  t1 [label="b\\ntasks/x@1.0.0", style=rounded];
  t2 [label="c\\ntasks/x@1.0.0", style=rounded];
  t0 -> t1;
  t1 -> t2;
}
`);
  });

  it.each(['mermaid', 'dot'] as const)('draws every construct as %s', async (format) => {
    const extension = format === 'mermaid' ? 'mmd' : 'dot';
    await expect(graph(every, format, contracts)).toMatchFileSnapshot(`../../testdata/every-construct.${extension}`);
  });

  it('escapes what the formats would take for their own', () => {
    const when = '"]:::x <b> & # ; `y` %%{init: {}}%% \\ \n end';
    const odd = plan([task('a', [], { uses: { name: 'x"]<script>#&\\', version: '1', digest: '' }, when: { $cel: when } })]);
    const mermaid = graph(odd, 'mermaid');
    expect(mermaid).toContain('t0["a<br/>x#34;#93;#60;script#62;#35;#38;#92;@1<br/>when #34;#93;:::x');
    // Between the quotes of the label there is nothing but words, harmless marks, codes of characters and line breaks.
    expect(mermaid).toMatch(/^flowchart TD\n {2}t0\["(?:[\p{L}\p{N} _.,:/@()=+*…-]|#\d+;|<br\/>)+"\]\n$/u);
    expect(graph(odd, 'dot')).toContain('t0 [label="a\\nx\\"]<script>#&\\\\@1\\nwhen \\"]:::x');
  });

  it('takes an empty workflow, and no cycle', () => {
    expect(graph(plan([]), 'mermaid')).toBe('flowchart TD\n');
    expect(() => graph(plan([task('a', ['a'])]), 'dot')).toThrow(expect.objectContaining({ code: 'PLAN_CYCLE' }));
  });
});
