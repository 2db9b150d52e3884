import type { PlanForEach } from '../plan.ts';
import type { CriticalPath } from './critical-path.ts';
import { templateText } from './templates.ts';

/** A task once per item. */
export interface ForEachView {
  /** The list, as written. */
  in: string;
  /** Its length, where it is known. */
  items?: number;
  /** How many items run at the same time, by the plan or by the engine's default. */
  maxParallel?: number;
  onError: 'fail' | 'continue';
}

/** `items`: the length of the list where an expression gives it and it is known. */
export function forEachView(forEach: PlanForEach, items: number | undefined, defaultParallel: number | undefined): ForEachView {
  const view: ForEachView = { in: templateText(forEach.in), onError: forEach.onError };
  const length = Array.isArray(forEach.in) ? forEach.in.length : items;
  const maxParallel = forEach.maxParallel ?? defaultParallel;
  if (length !== undefined) view.items = length;
  if (maxParallel !== undefined) view.maxParallel = maxParallel;
  return view;
}

/** The longest that all items may take, given that of one; where their number is not known, that of one and that there is no limit. */
export function forEachBound(task: string, one: CriticalPath, { items, maxParallel }: ForEachView): CriticalPath {
  if (items === undefined) {
    const unbounded = [...one.unbounded, { task, why: 'how many items its list has is known at run time' }];
    return { ms: one.ms, unbounded, chain: [{ task, ms: one.ms }] };
  }
  const rounds = items === 0 ? 0 : Math.ceil(items / (maxParallel ?? items));
  const ms = rounds * one.ms;
  return { ms, unbounded: rounds === 0 ? [] : one.unbounded, chain: [{ task, ms }] };
}
