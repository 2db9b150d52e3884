import type { Plan, PlanBody, PlanUses } from '../plan.ts';
import { PlanError } from './plan-error.ts';

const KIND = 'workflows/';

/** How a plan's `workflows` names the sub-workflow that is used; undefined where a task is. */
export function workflowKey({ name, version }: PlanUses): string | undefined {
  return name.startsWith(KIND) ? `${name.slice(KIND.length)}@${version}` : undefined;
}

/**
 * The body of a sub-workflow; undefined where a task is used. `above` holds the keys of the workflows around it. Throws a
 * {@link PlanError} when the plan does not hold it, or when it is its own part.
 */
export function subWorkflow(plan: Pick<Plan, 'workflows'>, uses: PlanUses, above: readonly string[]): PlanBody | undefined {
  const key = workflowKey(uses);
  if (key === undefined) return undefined;
  if (above.includes(key)) throw new PlanError('PLAN_RECURSIVE', `a workflow is part of itself: ${[...above, key].join(' -> ')}`);
  const body = plan.workflows && Object.hasOwn(plan.workflows, key) ? plan.workflows[key] : undefined;
  if (body === undefined) throw new PlanError('PLAN_WORKFLOW_MISSING', `the plan does not hold the workflow ${key}`);
  return body;
}
