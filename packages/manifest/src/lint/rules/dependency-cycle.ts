import { quoted } from '@summit/maestro-expressions/text';
import { allCalls, type Workflow } from '../../model/manifest.ts';
import { cyclesOf } from '../dag.ts';
import { defineRule, type RuleContext } from '../define.ts';
import type { Session } from '../session.ts';
import { textSpan } from '../span.ts';
import { endlessPath, MAX_DEPTH, MAX_TASKS, tasksWithin } from '../sub-workflows.ts';

/** Tasks that wait for each other never start, and the run would wait for ever. */
export const dependencyCycle = defineRule({
  code: 'dependency-cycle',
  severity: 'error',
  doc: 'tasks need each other, or workflows use each other, in a circle',
  details:
    'A workflow is a directed graph without cycles, and no workflow is part of itself; workflows nest at most 16 deep, and make at most 10,000 tasks together. The finding prints the circle, in the order in which each task needs, or each workflow uses, the next.',
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
      recursion(session, report, workflow);
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
              : `tasks need each other in a circle: ${[...shortened(names), names[0]].join(' -> ')}`,
          hint:
            names.length === 1
              ? 'remove it from its needs'
              : 'remove one of these needs: a task can only wait for tasks that do not wait for it',
        });
      }
    },
  }),
});

/** Of a long circle the beginning and the end. */
function shortened(names: string[]): string[] {
  return names.length <= 20 ? names : [...names.slice(0, 10), `(${names.length - 15} more)`, ...names.slice(-5)];
}

/** A circle of workflows is told once, at the first of them. */
function recursion(session: Session, report: RuleContext['report'], workflow: Workflow): void {
  const path = endlessPath(workflow, (current) => session.subWorkflows(current));
  const next = path?.[1];
  if (!path) tooManyTasks(session, report, workflow);
  if (!path || !next) return;
  const circle = path.at(-1) === workflow;
  const manifests = session.catalog.manifests;
  if (circle && path.some((other) => manifests.indexOf(other) < manifests.indexOf(workflow))) return;
  const call = allCalls(workflow).find((candidate) => {
    const target = session.targetOf(candidate);
    return target?.kind === 'workflow' && target.workflow === next;
  });
  if (!call?.uses) return;
  const names = path.map(({ name, version }) => `${name}@${version}`).join(' -> ');
  report(workflow, {
    ...textSpan(call.uses.node, 0, call.uses.node.value.length),
    message: circle ? `workflows use each other in a circle: ${names}` : `workflows nest more than ${MAX_DEPTH} deep: ${names}`,
    hint: circle ? 'remove one of these uses: a workflow that is part of itself would never end' : 'join some of these workflows',
  });
}

/** Few workflows that use each other often make more tasks than a run could ever end. */
function tooManyTasks(session: Session, report: RuleContext['report'], workflow: Workflow): void {
  const uses = (current: Workflow) => session.subWorkflows(current);
  const within = (current: Workflow) => tasksWithin(current, uses);
  const used = uses(workflow);
  // Told where it begins: not again by all that use it.
  if (used.length === 0 || within(workflow) <= MAX_TASKS || used.some((other) => within(other) > MAX_TASKS)) return;
  const call = allCalls(workflow).find((candidate) => session.targetOf(candidate)?.kind === 'workflow');
  if (!call?.uses) return;
  report(workflow, {
    ...textSpan(call.uses.node, 0, call.uses.node.value.length),
    message: `with the workflows it uses, ${workflow.name}@${workflow.version} makes more than ${MAX_TASKS} tasks`,
    hint: 'use fewer workflows, or fewer times; for many of the same kind there is forEach',
  });
}
