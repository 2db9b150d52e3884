import type { Plan, PlanBody, PlanCall, PlanTask } from '@summit/maestro-manifest';
import { bodyOf, isWorkflow } from './interpreter/sub-workflow.ts';

/** A call somewhere in a plan. */
export interface PlacedCall {
  /** `deploy`, `parent/deploy`, `deploy:compensate`. */
  place: string;
  call: PlanCall;
  /** Absent where the call is what undoes a task. */
  task?: PlanTask;
}

/**
 * Every call of a plan: of its tasks, hooks and compensations, and of the sub-workflows it reaches, each of these once.
 * `problems` says which sub-workflows are missing, and which contain themselves.
 */
export function callsOf(plan: Plan): { calls: PlacedCall[]; problems: string[] } {
  const calls: PlacedCall[] = [];
  const problems: string[] = [];
  const seen = new Set<PlanBody>();
  const walk = (body: PlanBody, prefix: string, within: readonly PlanBody[]) => {
    for (const task of [...body.tasks, ...(body.onFailure ?? []), ...(body.finally ?? [])]) {
      const place = `${prefix}${task.id}`;
      calls.push({ place, call: task, task });
      enter(task, place, within);
      if (task.compensate === undefined) continue;
      calls.push({ place: `${place}:compensate`, call: task.compensate });
      enter(task.compensate, `${place}:compensate`, within);
    }
  };
  const enter = ({ uses }: PlanCall, place: string, within: readonly PlanBody[]) => {
    if (!isWorkflow(uses)) return;
    const body = bodyOf(plan, uses);
    if (body === undefined) problems.push(`${place} uses ${uses.name}@${uses.version}, which the plan does not hold`);
    else if (within.includes(body)) problems.push(`${place} uses ${uses.name}@${uses.version}, which contains itself`);
    else if (!seen.has(body)) {
      seen.add(body);
      walk(body, `${place}/`, [...within, body]);
    }
  };
  walk(plan, '', [plan]);
  return { calls, problems };
}
