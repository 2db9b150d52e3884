import { defineRule } from '../define.ts';
import { reportProblems } from '../report-problems.ts';

/** A misspelt name would end the run at the task that reads it. */
export const unknownReference = defineRule({
  code: 'unknown-reference',
  severity: 'error',
  doc: 'an expression reads something that does not exist',
  details:
    'A workflow reads `params`, `tasks` and `run`; the bindings of a runbook read `inputs`. Names and fields are those declared by the parameters and by the output schemas of the tasks.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 500 }
  outputs:
    slept: \${tasks.sleep.output.slpet}
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 500 }
  outputs:
    slept: \${tasks.sleep.output.slept}
`,
  },
  create: (context) => reportProblems(context, 'unknown-reference'),
});
