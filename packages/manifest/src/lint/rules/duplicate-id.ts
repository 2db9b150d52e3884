import { quoted } from '@summit/maestro-expressions/text';
import { allTasks, type Workflow } from '../../model/manifest.ts';
import type { StringNode } from '../../parse/node.ts';
import { defineRule } from '../define.ts';

/** Of two tasks with one id nobody could say which one an expression reads; the same with inputs and parameters. */
export const duplicateId = defineRule({
  code: 'duplicate-id',
  severity: 'error',
  doc: 'two tasks, inputs or parameters have the same name',
  details: 'Ids are unique within a workflow, names of inputs within a runbook, names of parameters within a workflow.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 500 }
    - id: sleep
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 700 }
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 500 }
    - id: sleep-again
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 700 }
`,
  },
  create: ({ report }) => {
    const check = (noun: string, names: StringNode[], manifest: Parameters<typeof report>[0]) => {
      const seen = new Map<string, StringNode>();
      for (const name of names) {
        const first = seen.get(name.value);
        if (!first) {
          seen.set(name.value, name);
          continue;
        }
        const { line } = manifest.file.position(first.start);
        report(manifest, {
          start: name.start,
          end: name.end,
          message: `duplicate ${noun} ${quoted(name.value)}; the first is in line ${line}`,
          hint: 'give one of them another name',
        });
      }
    };
    return {
      runbook: (runbook) =>
        check(
          'input',
          runbook.inputs.map((input) => input.name),
          runbook,
        ),
      workflow(workflow: Workflow) {
        check(
          'parameter',
          workflow.parameters.map((parameter) => parameter.name),
          workflow,
        );
        check(
          'task id',
          allTasks(workflow).flatMap((task) => (task.id ? [task.id] : [])),
          workflow,
        );
      },
    };
  },
});
