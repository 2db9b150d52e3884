import { choices, didYouMean, nearest, quoted } from '@summit/maestro-expressions/text';
import { defineRule } from '../define.ts';
import { textSpan } from '../span.ts';
import { taskTitle } from '../titles.ts';

/** A need that does not exist could never be met: the task would never start. */
export const unknownNeed = defineRule({
  code: 'unknown-need',
  severity: 'error',
  doc: '`needs` names a task that the workflow does not have',
  details: 'Every entry of `needs` is the `id` of another task of the same workflow.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: first
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 500 }
    - id: second
      uses: tasks/wait.sleep@0.1.0
      needs: [frist]
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
    task(task, workflow) {
      if (!workflow.idsSound) return;
      const { ids, needed } = session.dag(workflow);
      for (const need of task.needs) {
        if (needed(task, need.value)) continue;
        const elsewhere = ids.get(need.value);
        if (elsewhere) {
          report(workflow, {
            ...textSpan(need, 0, need.value.length),
            message: `${taskTitle(task)} is one of ${task.list} and cannot need ${quoted(need.value)}, which is one of ${elsewhere.list}`,
            hint:
              task.list === 'tasks'
                ? `remove it: ${elsewhere.list} runs when all tasks have ended`
                : 'remove it: these tasks run when all others have ended',
          });
          continue;
        }
        const others = [...ids].filter(([, other]) => other !== task && other.list === task.list).map(([id]) => id);
        // A task that is needed anyway is not meant a second time.
        const free = others.filter((id) => !task.needs.some(({ value }) => value === id));
        const near = nearest(need.value, free);
        const span = textSpan(need, 0, need.value.length);
        report(workflow, {
          ...span,
          message: `${taskTitle(task)} needs ${quoted(need.value)}, but ${task.list === 'tasks' ? 'the workflow' : task.list} has no such task${didYouMean(near)}`,
          hint: others.length === 0 ? 'remove it: there is no other task' : `other tasks: ${choices(others, 'and')}`,
          fix: near[0] === undefined ? undefined : { ...span, newText: near[0] },
        });
      }
    },
  }),
});
