import type { TaskView, Workflow } from '../model/manifest.ts';
import { allTasks } from '../model/manifest.ts';
import type { Dag } from './dag.ts';
import type { Site } from './site.ts';
import { taskTitle } from './titles.ts';

/** What the condition of a task says about other tasks. */
export interface Condition {
  /** It decides alone, whatever became of the tasks that are needed. */
  statusCheck: boolean;
  /** It always holds: `always()`. */
  always: boolean;
  /** Tasks that have succeeded where it holds. */
  proves: readonly string[];
}

/**
 * Why the output of task `id` may not be there when the expression at a site is evaluated; `undefined` where it always is.
 * A task that runs without a status check knows that what it needs has succeeded, unless a failure of that does not count;
 * what the needed task itself could rely on, it can rely on as well.
 */
export function missingOutput(
  site: Omit<Site, 'node'>,
  id: string,
  dag: Dag,
  conditionOf: (task: TaskView) => Condition,
): string | undefined {
  const { task, place, manifest } = site;
  const read = dag.ids.get(id);
  if (!read || manifest.kind !== 'Workflow') return undefined;
  if (!task) return unlessSucceeded(read, dag, conditionOf);
  if (place === 'compensate' && read === task) return undefined;
  if (read.list !== task.list) return `when ${task.list} tasks run, it may have failed, or never have started`;
  const seen = new Set<TaskView>();
  const open: TaskView[] = [task];
  for (const current of open) {
    if (seen.has(current)) continue;
    seen.add(current);
    const { statusCheck, proves } = conditionOf(current);
    // The condition itself is evaluated before it holds.
    const proven = current === task && place === 'when' ? [] : proves;
    const relied = [
      ...proven.map((name) => ({ name, counts: true })),
      ...(statusCheck ? [] : current.needs.map(({ value }) => ({ name: value, counts: false }))),
    ];
    for (const { name, counts } of relied) {
      const other = dag.needed(current, name);
      if (!other) continue;
      if (other === read && (counts || !read.continueOnError)) return undefined;
      open.push(other);
    }
  }
  if (read.continueOnError) return 'it may have failed: `continueOnError` lets the run go on';
  return 'it may have been skipped, or may have failed';
}

/** Outputs are computed only when nothing that counts has failed; what remains is what was skipped, or failed and did not count. */
function unlessSucceeded(read: TaskView, dag: Dag, conditionOf: (task: TaskView) => Condition): string | undefined {
  if (read.list !== 'tasks') return `tasks of ${read.list} run after the outputs are known`;
  if (read.continueOnError) return 'it may have failed: `continueOnError` lets the run go on';
  const seen = new Set([read]);
  for (const task of seen) {
    const { always } = task.when ? conditionOf(task) : { always: false };
    // It runs even where what it needs is skipped.
    if (always) continue;
    if (task.when) return task === read ? 'it is skipped where its `when` does not hold' : `it is skipped where ${taskTitle(task)} is`;
    for (const { value } of task.needs) {
      const needed = dag.needed(task, value);
      if (needed) seen.add(needed);
    }
  }
  return undefined;
}

/** Whether nothing in a workflow can leave a task without output: then nobody has to look. */
export function alwaysComplete(workflow: Workflow): boolean {
  return allTasks(workflow).every((task) => task.list === 'tasks' && !task.when && !task.continueOnError);
}
