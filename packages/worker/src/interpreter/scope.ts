import type { PlanTask } from '@summit/maestro-manifest';
import type { RunError, RunStatus } from '../run.ts';
import type { RunScope, Scope } from './host.ts';

/** What the expressions of one workflow read. Its tasks are entered as they go on. */
export function workflowScope(params: Record<string, unknown>, run: RunScope, lists: readonly (readonly PlanTask[])[]): Scope {
  // Without prototypes: a task may be called `constructor`.
  const scope: Scope = { params: Object.assign(Object.create(null), params), tasks: Object.create(null), run };
  for (const tasks of lists) for (const { id } of tasks) scope.tasks[id] = { status: 'pending' };
  return scope;
}

/** The scope for `onFailure` and `finally`: they are told how their workflow ended. */
export function hookScope(scope: Scope, status: RunStatus, error: RunError | undefined): Scope {
  const run: RunScope = { ...scope.run, status };
  if (error !== undefined) {
    const { code, message, task } = error;
    run.error = { code, message, ...(task === undefined ? {} : { task }) };
  }
  return { ...scope, run };
}

/** What a compensation reads: what its task read, and as the task's own output what is to be undone. */
export function undoScope(scope: Scope, id: string, output: unknown, at?: { item: unknown; index: number }): Scope {
  const tasks = Object.assign(Object.create(null), scope.tasks, { [id]: { status: 'succeeded', output } });
  return { ...scope, ...at, tasks };
}
