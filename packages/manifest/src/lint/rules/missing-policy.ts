import { quoted } from '@summit/maestro-expressions/text';
import type { Manifest, Workflow } from '../../model/manifest.ts';
import { allCalls } from '../../model/manifest.ts';
import { child } from '../../parse/node.ts';
import { defineRule } from '../define.ts';
import type { Session } from '../session.ts';
import { textSpan } from '../span.ts';
import { callTitle } from '../titles.ts';

/** Policy decides by purpose, authority and licence; a run that does not state them can only be denied. */
export const missingPolicy = defineRule({
  code: 'missing-policy',
  severity: 'warning',
  doc: 'a task reads or writes something, and no purpose, authority and license is in force',
  details:
    'Before every task with an effect the worker asks policy, which wants to know why: `spec.policy` of the runbook says so for all of its runs, `spec.policy` of the workflow where no runbook does.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: handoff, version: 1.0.0 }
spec:
  tasks:
    - id: ingest
      uses: connectors/sig.ingest@0.1.0
      with: { endpoint: https://sig.example.org, items: [{ id: one, payload: {} }] }
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: handoff, version: 1.0.0 }
spec:
  policy: { purpose: hand-off, authority: data-office, license: internal }
  tasks:
    - id: ingest
      uses: connectors/sig.ingest@0.1.0
      with: { endpoint: https://sig.example.org, items: [{ id: one, payload: {} }] }
`,
  },
  create: ({ session, report }) => ({
    runbook(runbook) {
      const workflow = session.workflowOf(runbook);
      const ref = runbook.workflowRef;
      if (!workflow || !ref || saysPolicy(runbook)) return;
      const found = effectWithoutPolicy(session, workflow, new Set());
      if (!found) return;
      report(runbook, {
        ...textSpan(ref.node, 0, ref.node.value.length),
        message: `${quoted(`${workflow.name}@${workflow.version}`)} has an effect (${found}), and neither the runbook nor the workflow has a policy`,
        hint: 'add spec.policy: { purpose, authority, license }',
      });
    },
    workflow(workflow) {
      // With a runbook, or another workflow around it, it is theirs to say, and told there.
      if (session.isUsed(workflow)) return;
      const found = effectWithoutPolicy(session, workflow, new Set());
      const name = workflow.nameNode;
      if (!found || !name) return;
      report(workflow, {
        ...textSpan(name, 0, name.value.length),
        message: `the workflow has an effect (${found}) and no policy`,
        hint: 'add spec.policy: { purpose, authority, license }',
      });
    },
  }),
});

/** Whether there is one, be it right or wrong, which is told elsewhere. */
function saysPolicy(manifest: Manifest): boolean {
  return !manifest.sound || child(child(manifest.root, 'spec'), 'policy') !== undefined;
}

/** The first task that reads or writes something, through sub-workflows too, with no policy on the way to it. */
function effectWithoutPolicy(session: Session, workflow: Workflow, seen: Set<Workflow>): string | undefined {
  if (seen.has(workflow) || saysPolicy(workflow)) return undefined;
  seen.add(workflow);
  for (const call of allCalls(workflow)) {
    const target = session.targetOf(call);
    if (target?.kind === 'task' && target.contract.effect !== 'none') {
      return `${callTitle(call)}: ${target.contract.name}, effect ${target.contract.effect}`;
    }
    const inner = target?.kind === 'workflow' ? effectWithoutPolicy(session, target.workflow, seen) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}
