import { cut } from '@summit/maestro-expressions/text';
import type { PlannedTask, PlanView } from '../plan-view/shapes.ts';

/** Longest line of a label, in characters; the SVG has the whole of it as a tooltip. */
const MAX_LINE = 44;

/** What is written on a task: its id, what it runs, and what is special about it. */
export interface Label {
  title: string;
  /** `connectors/s3.get@0.1.0, read` */
  runs: string;
  notes: string[];
}

/** How a task is drawn: by its effect, as a question to people, or as one whose effect is not known. */
export type Look = 'none' | 'read' | 'write' | 'approval' | 'unknown';

export const LOOKS: { look: Look; meaning: string }[] = [
  { look: 'none', meaning: 'no effect' },
  { look: 'read', meaning: 'reads' },
  { look: 'write', meaning: 'writes' },
  { look: 'approval', meaning: 'waits for people' },
];

export function labelOf(task: PlannedTask): Label {
  const { uses, effect, forEach, compensate } = task;
  const notes: string[] = [];
  if (task.when !== undefined) notes.push(`when ${inner(task.when)}`);
  if (forEach) {
    const parallel = forEach.maxParallel === undefined ? '' : `, ${forEach.maxParallel} at once`;
    notes.push(`for each of ${cut(inner(forEach.in), 28)}${parallel}`);
  }
  if (task.continueOnError) notes.push('may fail');
  if (task.pool !== undefined) notes.push(`pool ${task.pool}`);
  if (compensate) notes.push(`undone by ${compensate.uses.name}@${compensate.uses.version}`);
  return {
    title: middle(task.id),
    runs: middle(`${uses.name}@${uses.version}${effect === undefined || effect === 'none' ? '' : `, ${effect}`}`),
    notes: notes.map((note) => cut(note.replace(/\s+/g, ' '), MAX_LINE)),
  };
}

export function lookOf({ uses, effect }: PlannedTask): Look {
  return uses.name === 'ops/approval.gate' ? 'approval' : (effect ?? 'unknown');
}

/** What the run waits for before its first task. */
export function approvalTitle({ approvals }: PlanView): string | undefined {
  const [own] = approvals.filter(({ task }) => task === undefined);
  if (!own || !Array.isArray(own.approvers)) return undefined;
  const { approvers, quorum } = own;
  return `approval: ${quorum === 'all' ? approvers.join(' and ') : `${quorum} of ${approvers.join(', ')}`}`;
}

/** Needs that another path implies are left out: they say nothing and make the picture unreadable. */
export function directNeeds(tasks: readonly PlannedTask[]): { from: PlannedTask; to: PlannedTask }[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const reach = new Map<string, Set<string>>();
  const found: { from: PlannedTask; to: PlannedTask }[] = [];
  // By stages, so that what is needed is known whatever the order of the list is.
  for (const to of [...tasks].sort((a, b) => a.stage - b.stage)) {
    const all = new Set<string>(to.needs);
    for (const need of to.needs) for (const above of reach.get(need) ?? []) all.add(above);
    reach.set(to.id, all);
    for (const need of new Set(to.needs)) {
      const from = byId.get(need);
      if (from && !to.needs.some((other) => other !== need && reach.get(other)?.has(need))) found.push({ from, to });
    }
  }
  return found;
}

/** The looks that occur in a plan, sub-workflows included. */
export function looksIn(view: PlanView): Set<Look> {
  const looks = new Set<Look>(approvalTitle(view) === undefined ? [] : ['approval']);
  const open = [...view.tasks, ...(view.onFailure ?? []), ...(view.finally ?? [])];
  for (let task = open.pop(); task; task = open.pop()) {
    const { workflow } = task;
    if (workflow) open.push(...workflow.tasks, ...(workflow.onFailure ?? []), ...(workflow.finally ?? []));
    else looks.add(lookOf(task));
  }
  return looks;
}

/** Without the middle where it is too long: names differ at their ends. */
export function middle(text: string): string {
  const characters = [...text];
  if (characters.length <= MAX_LINE) return text;
  return `${characters.slice(0, MAX_LINE - 16).join('')}…${characters.slice(-15).join('')}`;
}

/** An expression without its `${}`. */
function inner(text: string): string {
  return /^\$\{(.*)\}$/s.exec(text)?.[1] ?? text;
}
