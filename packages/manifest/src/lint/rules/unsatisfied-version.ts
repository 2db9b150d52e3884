import { choices, quoted } from '@summit/maestro-expressions/text';
import { subWorkflowName } from '../../model/build.ts';
import { defineRule } from '../define.ts';
import { lockedAway } from '../locked.ts';
import { textSpan } from '../span.ts';
import { callTitle } from '../titles.ts';

/** The task is there, but in no version that the manifest accepts: the plan could not pin one. */
export const unsatisfiedVersion = defineRule({
  code: 'unsatisfied-version',
  severity: 'error',
  doc: 'no installed version of a task satisfies `uses`',
  details:
    'The part behind `@` is an exact version or a semver range; the highest installed version that satisfies it runs. Several versions of a task can be installed side by side.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.sleep@^9.0
      with: { ms: 500 }
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 500 }
`,
  },
  create: ({ session, report }) => ({
    call(call, workflow) {
      const { uses } = call;
      if (!uses) return;
      const versions = session.versionsOf(uses);
      if (versions.length === 0 || session.targetOf(call)) return;
      const isWorkflow = subWorkflowName(uses) !== undefined;
      if (isWorkflow && session.catalog.incomplete) return;
      const { value } = uses.node;
      report(workflow, {
        ...textSpan(uses.node, uses.name.length + 1, value.length),
        message: `no ${isWorkflow ? '' : 'installed '}version of ${quoted(uses.name)} satisfies ${quoted(uses.range)} in ${callTitle(call)}; there ${versions.length === 1 ? 'is' : 'are'} ${choices(versions, 'and')}`,
        hint: `write ${uses.name}@${released(versions)}, or ${isWorkflow ? 'add' : 'install'} a version that satisfies ${uses.range}`,
        ...lockedAway(value, session.lockedVersion(uses), versions),
      });
    },
  }),
});

/** The highest version that is none of a preview; the highest of all where every one is. */
function released(versions: readonly string[]): string | undefined {
  return versions.find((version) => !version.replace(/\+.*/, '').includes('-')) ?? versions[0];
}
