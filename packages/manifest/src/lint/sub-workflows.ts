import { allCalls, type Workflow } from '../model/manifest.ts';

/** Workflows within workflows, at most. */
export const MAX_DEPTH = 16;

/** Tasks of a workflow together with those of the workflows it uses, each time it uses them, at most. */
export const MAX_TASKS = 10_000;

/** How many tasks a workflow makes with those it uses; what is part of itself, which is told elsewhere, counts once. */
export function tasksWithin(
  workflow: Workflow,
  uses: (workflow: Workflow) => readonly Workflow[],
  known = new Map<Workflow, number>(),
): number {
  let count = known.get(workflow);
  if (count === undefined) {
    count = allCalls(workflow).length;
    known.set(workflow, 0);
    for (const used of uses(workflow)) count += tasksWithin(used, uses, known);
    known.set(workflow, count);
  }
  return count;
}

/** The first way from a workflow through those it uses back to it, or deeper than allowed; each uses the next. */
export function endlessPath(from: Workflow, uses: (workflow: Workflow) => readonly Workflow[]): Workflow[] | undefined {
  const cameFrom = new Map<Workflow, Workflow>();
  let level = [from];
  for (let depth = 0; level.length > 0; depth++) {
    const next: Workflow[] = [];
    for (const current of level) {
      for (const used of uses(current)) {
        if (used === from || (depth === MAX_DEPTH && !cameFrom.has(used))) return [...way(current, from, cameFrom), used];
        if (cameFrom.has(used)) continue;
        cameFrom.set(used, current);
        next.push(used);
      }
    }
    level = next;
  }
  return undefined;
}

function way(to: Workflow, from: Workflow, cameFrom: Map<Workflow, Workflow>): Workflow[] {
  const path = [to];
  for (let step = to; step !== from; path.unshift(step)) step = cameFrom.get(step) as Workflow;
  return path;
}
