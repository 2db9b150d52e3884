import { describe, expect, it } from 'vitest';
import type { Plan, PlanTask } from '../plan.ts';
import { graph } from './graph.ts';

const task = (id: string, needs: string[] = [], name = 'tasks/x'): PlanTask => ({
  id,
  uses: { name, version: '1.0.0', digest: '' },
  needs,
  with: {},
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
  t0["a<br/>tasks/x@1.0.0"]
  t1["b<br/>tasks/x@1.0.0"]
  t2["c<br/>tasks/x@1.0.0"]
  approval --> t0
  t0 --> t1
  t1 --> t2
`);
    expect(graph(plan(tasks), 'dot')).toBe(`digraph "w@1.0.0" {
  rankdir=TB;
  node [shape=box, style=rounded];
  t0 [label="a\\ntasks/x@1.0.0"];
  t1 [label="b\\ntasks/x@1.0.0"];
  t2 [label="c\\ntasks/x@1.0.0"];
  t0 -> t1;
  t1 -> t2;
}
`);
  });

  it('escapes what the formats would take for their own', () => {
    const odd = plan([task('a', [], 'x"]<script>#&\\')]);
    expect(graph(odd, 'mermaid')).toContain('t0["a<br/>x&quot;]&lt;script&gt;&#35;&amp;\\@1.0.0"]');
    expect(graph(odd, 'dot')).toContain('t0 [label="a\\nx\\"]<script>#&\\\\@1.0.0"];');
  });
});
