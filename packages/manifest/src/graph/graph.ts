import type { TaskContract } from '@summit/maestro-sdk';
import type { Plan } from '../plan.ts';
import { planView } from '../plan-view/view.ts';
import { dot } from './dot.ts';
import { mermaid } from './mermaid.ts';

/** Formats of {@link graph}. */
export type GraphFormat = 'mermaid' | 'dot';

/**
 * The tasks of a plan and what they wait for, as text for Mermaid or Graphviz: sub-workflows and the lists of hooks as groups,
 * conditional tasks at dashed arrows, shape and colour by effect where the contracts of the tasks are given. The same plan gives the
 * same text; what comes from the plan is escaped for the format. For SVG see `@summit/maestro-manifest/svg`. Throws as `planView`.
 */
export function graph(plan: Plan, format: GraphFormat, contracts: readonly TaskContract[] = []): string {
  const view = planView(plan, contracts);
  const { name, version } = plan.runbook ?? plan.workflow;
  return format === 'mermaid' ? mermaid(view) : dot(view, `${name}@${version}`);
}
