import type { Plan } from '../plan.ts';

/** Formats of {@link graph}. */
export type GraphFormat = 'mermaid' | 'dot';

/**
 * The tasks of a plan and what they wait for, as text for Mermaid or Graphviz. The same plan gives the same text;
 * names and versions are escaped for the format.
 */
export function graph(plan: Plan, format: GraphFormat): string {
  return format === 'mermaid' ? mermaid(plan) : dot(plan);
}

/** Edges that another path implies are left out: they say nothing and make the picture unreadable. */
function edges(plan: Plan): [from: number, to: number][] {
  const index = new Map(plan.tasks.map((task, at) => [task.id, at]));
  const reach: Set<number>[] = [];
  const found: [number, number][] = [];
  for (const [at, task] of plan.tasks.entries()) {
    const needs = task.needs.map((id) => index.get(id)).filter((need) => need !== undefined);
    const direct = needs.filter((need) => !needs.some((other) => other !== need && reach[other]?.has(need)));
    reach.push(new Set(needs.flatMap((need) => [need, ...(reach[need] ?? [])])));
    for (const need of direct) found.push([need, at]);
  }
  return found;
}

function mermaid(plan: Plan): string {
  const text = (value: string) =>
    value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('#', '&#35;');
  const lines = ['flowchart TD'];
  const gate = gateTitle(plan);
  if (gate !== undefined) lines.push(`  approval{{"${text(gate)}"}}`);
  for (const [at, task] of plan.tasks.entries())
    lines.push(`  t${at}["${text(task.id)}<br/>${text(`${task.uses.name}@${task.uses.version}`)}"]`);
  if (gate !== undefined) for (const at of roots(plan)) lines.push(`  approval --> t${at}`);
  for (const [from, to] of edges(plan)) lines.push(`  t${from} --> t${to}`);
  return `${lines.join('\n')}\n`;
}

function dot(plan: Plan): string {
  const text = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  const title = `${plan.workflow.name}@${plan.workflow.version}`;
  const lines = [`digraph "${text(title)}" {`, '  rankdir=TB;', '  node [shape=box, style=rounded];'];
  const gate = gateTitle(plan);
  if (gate !== undefined) lines.push(`  approval [shape=hexagon, label="${text(gate)}"];`);
  for (const [at, task] of plan.tasks.entries())
    lines.push(`  t${at} [label="${text(task.id)}\\n${text(`${task.uses.name}@${task.uses.version}`)}"];`);
  if (gate !== undefined) for (const at of roots(plan)) lines.push(`  approval -> t${at};`);
  for (const [from, to] of edges(plan)) lines.push(`  t${from} -> t${to};`);
  return `${lines.join('\n')}\n}\n`;
}

function roots(plan: Plan): number[] {
  return plan.tasks.flatMap((task, at) => (task.needs.length === 0 ? [at] : []));
}

function gateTitle({ approvals }: Plan): string | undefined {
  if (!approvals?.required) return undefined;
  const { approvers, quorum } = approvals;
  return `approval: ${quorum === 'all' ? approvers.join(' and ') : `${quorum} of ${approvers.join(', ')}`}`;
}
