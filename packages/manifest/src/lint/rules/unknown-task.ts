import { choices, counted, didYouMean, nearest, quoted } from '@summit/maestro-expressions/text';
import { subWorkflowName } from '../../model/build.ts';
import { defineRule } from '../define.ts';
import { textSpan } from '../span.ts';
import { callTitle } from '../titles.ts';

/** A misspelt task would be found only when the run gets there; here the tasks that are installed are known. */
export const unknownTask = defineRule({
  code: 'unknown-task',
  severity: 'error',
  doc: '`uses` names a task that is not installed',
  details:
    'The name before `@` must be the name of a task in one of the packages the worker loads. Names that look alike are suggested; `maestro tasks list` shows all of them.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.slep@0.1.0
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
      if (!uses || session.versionsOf(uses).length > 0) return;
      const isWorkflow = subWorkflowName(uses) !== undefined;
      // In a catalog with documents that cannot be read, the workflow may be one of them.
      if (isWorkflow && session.catalog.incomplete) return;
      // A workflow that calls itself is no better.
      const workflows = () => session.manifests.names('Workflow').filter((name) => name !== workflow.name);
      const installed = isWorkflow ? workflows().map((name) => `workflows/${name}`) : session.contracts.names();
      const near = nearest(uses.name, installed, 3);
      const [best] = near;
      const span = textSpan(uses.node, 0, uses.name.length);
      report(workflow, {
        ...span,
        message: `unknown ${isWorkflow ? 'workflow' : 'task'} ${quoted(uses.name)} in ${callTitle(call)}${didYouMean(near)}`,
        hint:
          best === undefined
            ? hint(isWorkflow ? 'workflow' : 'task', installed)
            : `${isWorkflow ? 'in the catalog' : 'installed'}: ${session
                .versionsOf({ name: best })
                .map((version) => `${best}@${version}`)
                .join(', ')}`,
        fix: best === undefined ? undefined : { ...span, newText: best },
      });
    },
  }),
});

function hint(noun: string, installed: string[]): string {
  if (noun === 'workflow')
    return installed.length === 0
      ? 'the catalog has no other workflow'
      : `there ${installed.length === 1 ? 'is' : 'are'} ${choices(installed, 'and')}`;
  if (installed.length === 0) return 'no tasks are installed: check which packages the configuration loads';
  return `${counted(installed.length, 'task')} installed: ${choices(installed, 'and')}`;
}
