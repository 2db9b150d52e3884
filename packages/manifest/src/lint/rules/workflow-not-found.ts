import { choices, didYouMean, nearest, quoted } from '@summit/maestro-expressions/text';
import { defineRule } from '../define.ts';
import { lockedAway } from '../locked.ts';
import { textSpan } from '../span.ts';

/** A runbook without its workflow can be shown to an operator and approved, and then does nothing. */
export const workflowNotFound = defineRule({
  code: 'workflow-not-found',
  severity: 'error',
  doc: '`workflowRef` names a workflow or a version that the catalog does not have',
  details:
    'The part before `@` is the name of a workflow of the same catalog, the part behind it a version or a semver range; the highest version that satisfies it is taken.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Runbook
metadata: { name: pause, version: 1.0.0, owner: sre@summit }
spec:
  workflowRef: pause@^2.0
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks: [{ id: sleep, uses: tasks/wait.sleep@0.1.0, with: { ms: 500 } }]
`,
    good: `apiVersion: maestro/v1
kind: Runbook
metadata: { name: pause, version: 1.0.0, owner: sre@summit }
spec:
  workflowRef: pause@1.0.0
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks: [{ id: sleep, uses: tasks/wait.sleep@0.1.0, with: { ms: 500 } }]
`,
  },
  create: ({ session, report }) => ({
    runbook(runbook) {
      const ref = runbook.workflowRef;
      // In a catalog with documents that cannot be read, the workflow may be one of them.
      if (!ref || session.catalog.incomplete || session.manifests.workflow(ref.name, ref.range)) return;
      const versions = session.manifests.versions('Workflow', ref.name);
      if (versions.length > 0) {
        report(runbook, {
          ...textSpan(ref.node, ref.name.length + 1, ref.node.value.length),
          message: `no version of the workflow ${quoted(ref.name)} satisfies ${quoted(ref.range)}; there ${versions.length === 1 ? 'is' : 'are'} ${choices(versions, 'and')}`,
          hint: `write ${ref.name}@${versions[0]}, or add a version that satisfies ${ref.range}`,
          ...lockedAway(ref.node.value, session.lockedVersion({ name: `workflows/${ref.name}`, range: ref.range }), versions),
        });
        return;
      }
      const names = session.manifests.names('Workflow');
      const near = nearest(ref.name, names, 3);
      const span = textSpan(ref.node, 0, ref.name.length);
      report(runbook, {
        ...span,
        message: `the catalog has no workflow ${quoted(ref.name)}${didYouMean(near)}`,
        hint:
          names.length === 0
            ? 'the catalog has no workflow at all: add the file that holds it'
            : `workflows there are: ${choices(names, 'and')}`,
        fix: near[0] === undefined ? undefined : { ...span, newText: near[0] },
      });
    },
  }),
});
