import type { TaskView } from '../model/manifest.ts';
import { quoted } from '../text/words.ts';
import type { Site } from './site.ts';

/** How messages call a task: by its id, or by its place where it has none. */
export function taskTitle(task: TaskView): string {
  return task.id ? `task ${quoted(task.id.value)}` : `spec.tasks[${task.index}]`;
}

/** How messages call the place of an expression. */
export function siteTitle({ place, task, manifest }: Site): string {
  if (place === 'task' && task) return taskTitle(task);
  return place === 'outputs' ? 'spec.outputs' : `spec.with of the ${manifest.kind.toLowerCase()}`;
}
