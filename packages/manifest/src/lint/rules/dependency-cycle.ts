import { quoted } from '../../text/words.ts';
import { cyclesOf } from '../dag.ts';
import { defineRule } from '../define.ts';
import { textSpan } from '../span.ts';

/** Tasks that wait for each other never start, and the run would wait for ever. */
export const dependencyCycle = defineRule({
  code: 'dependency-cycle',
  severity: 'error',
  doc: 'tasks need each other in a circle',
  details: 'A workflow is a directed graph without cycles. The finding prints the circle, in the order in which each task needs the next.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: first
      uses: tasks/wait.sleep@0.1.0
      needs: [second]
      with: { ms: 500 }
    - id: second
      uses: tasks/wait.sleep@0.1.0
      needs: [first]
      with: { ms: 500 }
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: first
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 500 }
    - id: second
      uses: tasks/wait.sleep@0.1.0
      needs: [first]
      with: { ms: 500 }
`,
  },
  create: ({ session, report }) => ({
    workflow(workflow) {
      for (const cycle of cyclesOf(session.dag(workflow))) {
        const names = cycle.map((task) => task.id?.value as string);
        const [task] = cycle;
        const need = task?.needs.find((candidate) => candidate.value === (names[1] ?? names[0]));
        if (!task || !need) continue;
        report(workflow, {
          ...textSpan(need, 0, need.value.length),
          message:
            names.length === 1
              ? `task ${quoted(names[0] as string)} needs itself`
              : `tasks need each other in a circle: ${[...names, names[0]].join(' -> ')}`,
          hint:
            names.length === 1
              ? 'remove it from its needs'
              : 'remove one of these needs: a task can only wait for tasks that do not wait for it',
        });
      }
    },
  }),
});
