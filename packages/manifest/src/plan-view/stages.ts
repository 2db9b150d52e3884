import { quoted } from '@summit/maestro-expressions/text';
import type { PlanTask } from '../plan.ts';
import { PlanError } from './plan-error.ts';

type Node = Pick<PlanTask, 'id' | 'needs'>;

/**
 * The ids of a DAG in stages: a task stands in the stage after the last of what it needs, so that what is in one stage can run
 * at the same time. Within a stage as in the list. Throws a {@link PlanError} for a cycle and for a need that no task has.
 */
export function stages(tasks: readonly Node[]): string[][] {
  const ids = new Map(tasks.map((task) => [task.id, task]));
  const found: string[][] = [];
  const placed = new Set<string>();
  let waiting = [...ids.values()];
  for (const { id, needs } of waiting) {
    const unknown = needs.find((need) => !ids.has(need));
    if (unknown !== undefined)
      throw new PlanError('PLAN_NEED_UNKNOWN', `the task ${quoted(id)} needs ${quoted(unknown)}, which is not in its list`);
  }
  while (waiting.length > 0) {
    const ready = waiting.filter(({ needs }) => needs.every((need) => placed.has(need)));
    if (ready.length === 0) throw cycle(waiting, placed);
    for (const { id } of ready) placed.add(id);
    found.push(ready.map(({ id }) => id));
    waiting = waiting.filter(({ id }) => !placed.has(id));
  }
  return found;
}

/** Follows what is not placed until it meets itself. */
function cycle(waiting: readonly Node[], placed: ReadonlySet<string>): PlanError {
  const blocking = new Map(waiting.map(({ id, needs }) => [id, needs.find((need) => !placed.has(need)) as string]));
  const path = [waiting[0]?.id as string];
  for (;;) {
    const next = blocking.get(path.at(-1) as string) as string;
    const at = path.indexOf(next);
    if (at !== -1) return new PlanError('PLAN_CYCLE', `the tasks need each other: ${[...path.slice(at), next].join(' -> ')}`);
    path.push(next);
  }
}
