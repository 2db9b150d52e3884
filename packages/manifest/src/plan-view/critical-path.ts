import type { PlanTask } from '../plan.ts';
import type { Bound, Unbounded } from './duration.ts';
import { stages } from './stages.ts';

/** A task on the critical path. */
export interface ChainStep {
  /** `parent/child` */
  task: string;
  /** The longest it may take, without what has no limit. */
  ms: number;
}

/** The chain of tasks that takes longest when every task takes as long as it may. */
export interface CriticalPath extends Bound {
  chain: ChainStep[];
}

/** A node of the DAG with its own longest time; `chain` says what that time is made of. */
export interface TimedTask extends Pick<PlanTask, 'id' | 'needs'>, CriticalPath {}

/**
 * The longest chain of a DAG by the bounded time of its tasks; of equals the one that ends first in the list. Everything
 * without a limit is named, on whatever chain it is. Throws as `stages`.
 */
export function criticalPath(tasks: readonly TimedTask[]): CriticalPath {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const ends = new Map<string, { ms: number; before?: string }>();
  for (const id of stages(tasks).flat()) {
    const { needs, ms } = byId.get(id) as TimedTask;
    let before: string | undefined;
    for (const need of needs) if (before === undefined || at(ends, need) > at(ends, before)) before = need;
    ends.set(id, before === undefined ? { ms } : { ms: ms + at(ends, before), before });
  }
  let last: string | undefined;
  for (const { id } of tasks) if (last === undefined || at(ends, id) > at(ends, last)) last = id;
  const total = last === undefined ? 0 : at(ends, last);
  const chain: ChainStep[] = [];
  for (let id = last; id !== undefined; id = ends.get(id)?.before) chain.unshift(...(byId.get(id) as TimedTask).chain);
  const unbounded: Unbounded[] = tasks.flatMap((task) => task.unbounded);
  return { ms: total, chain, unbounded };
}

function at(ends: ReadonlyMap<string, { ms: number }>, id: string): number {
  return ends.get(id)?.ms ?? 0;
}
