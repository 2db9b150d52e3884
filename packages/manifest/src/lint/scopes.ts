import type { TaskContract } from '@summit/maestro-sdk';
import { type Checker, createChecker, type ScopeTypes } from '../expressions/index.ts';
import type { Manifest, ParameterView, TaskView, Workflow } from '../model/manifest.ts';
import type { Parameter } from '../plan.ts';
import type { Dag } from './dag.ts';

/** What types are found by. */
interface Known {
  contractOf(task: TaskView): TaskContract | undefined;
  dag(workflow: Workflow): Dag;
}

/**
 * What the expressions of a manifest may read. One checker for all of a workflow: which tasks may be read from where follows
 * from what an expression was found to read (see `analyze`), and a scope per task would cost the square of the tasks.
 */
export function checkerFor(known: Known, manifest: Manifest): Checker {
  if (manifest.kind === 'Runbook') return createChecker({ inputs: declared(manifest.inputs) });
  const { ids, unknown } = known.dag(manifest);
  const tasks: NonNullable<ScopeTypes['tasks']>[number][] = [];
  for (const [id, task] of ids) tasks.push({ id, output: outputOf(known, task), readable: true });
  // Reported where they are needed; reading them is the same mistake.
  for (const id of unknown) tasks.push({ id, output: {}, readable: true });
  return createChecker({ params: declared(manifest.parameters), tasks });
}

/** Anything, where the task is not installed or runs once per item. */
function outputOf(known: Known, task: TaskView) {
  return task.node.entries.has('forEach') ? {} : (known.contractOf(task)?.output ?? {});
}

/** Of two with one name, which is told elsewhere, the first. */
function declared(views: readonly ParameterView[]): Parameter[] {
  const byName = new Map<string, Parameter>();
  for (const { parameter } of views) if (!byName.has(parameter.name)) byName.set(parameter.name, parameter);
  return [...byName.values()];
}
