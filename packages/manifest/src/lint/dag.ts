import { allTasks, type TaskView, type Workflow } from '../model/manifest.ts';

/** The tasks of a workflow and who needs whom. A task needs others of its own list only: `tasks`, `onFailure` or `finally`. */
export interface Dag {
  /** The first task of each id. */
  ids: Map<string, TaskView>;
  /** Names in `needs` that no task has. */
  unknown: Set<string>;
  /** The task that a need of `task` names; `undefined` where there is none in its list. */
  needed(task: TaskView, id: string): TaskView | undefined;
  /** Whether a task needs, directly or not, something that could not be found: then nobody knows what its ancestors are. */
  uncertain(task: TaskView): boolean;
  /** The ids that `task` needs, directly or not. */
  ancestors(task: TaskView): ReadonlySet<string>;
}

export function dagOf(workflow: Workflow): Dag {
  const ids = new Map<string, TaskView>();
  const unknown = new Set<string>();
  const tasks = allTasks(workflow);
  for (const task of tasks) if (task.id && !ids.has(task.id.value)) ids.set(task.id.value, task);
  for (const task of tasks) for (const need of task.needs) if (!ids.has(need.value)) unknown.add(need.value);
  const needed = (task: TaskView, id: string): TaskView | undefined => {
    const found = ids.get(id);
    return found?.list === task.list ? found : undefined;
  };
  // Nearly always; then nobody has to ask for ancestors, which cost the square of the tasks.
  const certain = tasks.every((task) => task.needsSound && task.needs.every((need) => needed(task, need.value)));
  const known = new Map<TaskView, Set<string>>();
  const ancestors = (task: TaskView): Set<string> => {
    let found = known.get(task);
    if (!found) {
      found = reach(task, needed);
      known.set(task, found);
    }
    return found;
  };
  return {
    ids,
    unknown,
    needed,
    ancestors,
    uncertain: (task) => !certain && (!task.needsSound || [...ancestors(task)].some((id) => needed(task, id)?.needsSound !== true)),
  };
}

/** Unknown ids are among what is reached. Without recursion: a chain may be as long as the workflow. */
function reach(task: TaskView, needed: Dag['needed']): Set<string> {
  const reached = new Set<string>();
  const open = task.needs.map((need) => need.value);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    for (const need of needed(task, id)?.needs ?? []) open.push(need.value);
  }
  return reached;
}

/** One cycle for each group of tasks that need each other, as ids in the order in which they need; the first is the first in the text. */
export function cyclesOf({ ids, ancestors, needed }: Dag): TaskView[][] {
  const cycles: TaskView[][] = [];
  const done = new Set<TaskView>();
  const endless = withoutEnd([...ids.values()], needed);
  for (const task of endless) {
    const id = task.id?.value as string;
    if (done.has(task) || !ancestors(task).has(id)) continue;
    for (const other of endless) {
      if (ancestors(task).has(other.id?.value as string) && ancestors(other).has(id)) done.add(other);
    }
    cycles.push(shortestCycle(task, needed));
  }
  return cycles;
}

/** The tasks that are in a cycle, or need one that is: those that never start. */
function withoutEnd(tasks: readonly TaskView[], needed: Dag['needed']): TaskView[] {
  const waiting = new Map<TaskView, number>();
  const dependents = new Map<TaskView, TaskView[]>();
  for (const task of tasks) {
    const needs = task.needs.flatMap((need) => needed(task, need.value) ?? []);
    waiting.set(task, needs.length);
    for (const need of needs) {
      const others = dependents.get(need);
      if (others) others.push(task);
      else dependents.set(need, [task]);
    }
  }
  const free = tasks.filter((task) => waiting.get(task) === 0);
  for (const task of free) {
    for (const dependent of dependents.get(task) ?? []) {
      const left = (waiting.get(dependent) as number) - 1;
      waiting.set(dependent, left);
      if (left === 0) free.push(dependent);
    }
  }
  return tasks.filter((task) => waiting.get(task) !== 0);
}

/** Breadth first from `task` back to it. */
function shortestCycle(task: TaskView, needed: Dag['needed']): TaskView[] {
  const cameFrom = new Map<TaskView, TaskView>();
  const queue: TaskView[] = [task];
  for (const current of queue) {
    for (const need of current.needs) {
      const next = needed(current, need.value);
      if (!next) continue;
      if (next === task) {
        const cycle = [current];
        for (let step = current; step !== task; cycle.unshift(step)) step = cameFrom.get(step) as TaskView;
        return cycle;
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, current);
      queue.push(next);
    }
  }
  return [task];
}
