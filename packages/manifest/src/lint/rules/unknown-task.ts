import { nearest } from '../../text/near.ts';
import { choices, counted, didYouMean, quoted } from '../../text/words.ts';
import { defineRule } from '../define.ts';
import { textSpan } from '../span.ts';
import { taskTitle } from '../titles.ts';

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
    task(task, workflow) {
      const { uses } = task;
      if (!uses || session.contracts.versions(uses.name).length > 0) return;
      const installed = session.contracts.names();
      const near = nearest(uses.name, installed, 3);
      const [best] = near;
      const span = textSpan(uses.node, 0, uses.name.length);
      report(workflow, {
        ...span,
        message: `unknown task ${quoted(uses.name)} in ${taskTitle(task)}${didYouMean(near)}`,
        hint:
          best === undefined
            ? hint(installed)
            : `installed: ${session.contracts
                .versions(best)
                .map((version) => `${best}@${version}`)
                .join(', ')}`,
        fix: best === undefined ? undefined : { ...span, newText: best },
      });
    },
  }),
});

function hint(installed: string[]): string {
  if (installed.length === 0) return 'no tasks are installed: check which packages the configuration loads';
  return `${counted(installed.length, 'task')} installed: ${choices(installed, 'and')}`;
}
