import type { TaskContract } from '@summit/maestro-sdk';
import type { Plan } from '../../plan.ts';
import { planView } from '../../plan-view/view.ts';
import { drawing } from './drawing.ts';

/**
 * The tasks of a plan as an SVG image: a document of its own, without scripts and references, light or dark as its reader's
 * surroundings. Text is measured by a table, so the same plan gives the same image everywhere. Names that are too long are cut, and
 * whole in their tooltip. Throws as `planView`, and a `PlanError` for more than 1,000 tasks.
 */
export function graphSvg(plan: Plan, contracts: readonly TaskContract[] = []): string {
  const { name, version } = plan.runbook ?? plan.workflow;
  return drawing(planView(plan, contracts), `${name}@${version}`);
}
