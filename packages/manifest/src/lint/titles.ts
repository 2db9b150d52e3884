import { quoted } from '@summit/maestro-expressions/text';
import type { CallView, TaskView } from '../model/manifest.ts';
import type { Site } from './site.ts';

/** How messages call a task: by its id, or by its place where it has none. */
export function taskTitle(task: TaskView): string {
  return task.id ? `task ${quoted(task.id.value)}` : `spec.${task.list}[${task.index}]`;
}

/** How messages call what is executed: the task, or what undoes it. */
export function callTitle(call: CallView): string {
  return call.undoes ? `compensate of ${taskTitle(call.undoes)}` : taskTitle(call as TaskView);
}

/** How messages call the place of an expression. */
export function siteTitle({ place, task, manifest }: Site): string {
  if (!task) return place === 'outputs' ? 'spec.outputs' : `spec.with of the ${manifest.kind.toLowerCase()}`;
  return place === 'with' ? taskTitle(task) : `${place} of ${taskTitle(task)}`;
}
