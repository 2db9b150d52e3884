/** What is ordered: an id, and the ids after which it stands. */
interface Ordered {
  id: string;
  needs: readonly string[];
}

/**
 * The tasks so that each stands after all it needs, and otherwise as they were written: always the first of those that can
 * stand next. Tasks in a cycle are left out.
 */
export function planOrder<T extends Ordered>(tasks: readonly T[]): T[] {
  const placed = new Set<string>();
  const ordered: T[] = [];
  const waiting = [...tasks];
  for (;;) {
    const next = waiting.findIndex((task) => task.needs.every((need) => placed.has(need)));
    const [task] = next === -1 ? [] : waiting.splice(next, 1);
    if (!task) return ordered;
    ordered.push(task);
    placed.add(task.id);
  }
}
