import { defineRule } from '../define.ts';
import { lineRemoval } from '../remove-entry.ts';
import { callTitle } from '../titles.ts';

const GATE = 'ops/approval.gate';

/** A gate that is told its own answer is no gate: nobody is asked. */
export const hardcodedApproval = defineRule({
  code: 'hardcoded-approval',
  severity: 'error',
  doc: 'an approval gate is given `approved` as a literal',
  details:
    '`ops/approval.gate` waits for real decisions. With `approved: true` in the manifest it would approve itself; workers refuse that unless their configuration allows pre-approval, which is for development only. Leave `approved` out, and approve with `maestro approve`.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: promote, version: 1.0.0 }
spec:
  tasks:
    - id: gate
      uses: ops/approval.gate@0.1.0
      with:
        approvers: [release-manager]
        approved: true
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: promote, version: 1.0.0 }
spec:
  tasks:
    - id: gate
      uses: ops/approval.gate@0.1.0
      with:
        approvers: [release-manager]
`,
  },
  create: ({ session, report }) => ({
    call(call, workflow) {
      if (session.contractOf(call)?.name !== GATE) return;
      const approved = call.with?.entries.get('approved');
      if (approved?.value.kind !== 'scalar' || !call.with) return;
      const { value } = approved;
      // What an expression computes is decided outside the manifest, unless it computes nothing.
      const literal = typeof value.value === 'boolean' || session.isConstant(workflow, call, value);
      if (!literal) return;
      report(workflow, {
        start: value.start,
        end: value.end,
        message: `${callTitle(call)}: the approval gate is given its own answer`,
        hint: 'remove approved: the gate then waits for people, who decide with maestro approve',
        fix: lineRemoval(workflow.file, call.with, approved),
      });
    },
  }),
});
