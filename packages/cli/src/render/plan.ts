import type { Parameter, Plan, PlanTask } from '@summit/maestro-manifest';
import type { JsonObject, Resource, TaskContract } from '@summit/maestro-sdk';
import { stringify } from 'yaml';
import { refOf } from '../run/view.ts';
import type { Colors } from '../terminal/terminal.ts';
import { formatDuration, printable, table } from '../text.ts';

/** What is known of a task beyond its place in the plan. */
export interface TaskFacts {
  contract: TaskContract | undefined;
  /** What it will touch, or why that is not known yet. */
  touches: Resource[] | string;
}

/** Lines of one value of an input. */
const MAX_VALUE_LINES = 12;

/** A plan for people: who may start and approve it, what it takes, what it does in which order. */
export function planLines(
  plan: Plan,
  digest: string,
  facts: ReadonlyMap<string, TaskFacts>,
  inputs: JsonObject | undefined,
  colors: Colors,
): string[] {
  const { bold, dim, yellow } = colors;
  const lines = [`${bold(refOf(plan))}  ${dim(digest)}`];
  lines.push(...indent(table(headRows(plan))));
  if (plan.inputs.length > 0) lines.push('', bold('Inputs'), ...indent(table(plan.inputs.map(inputRow))));
  if (inputs !== undefined && Object.keys(inputs).length > 0) lines.push('', bold('Given'), ...indent(inputLines(inputs)));
  lines.push('', bold('Tasks'));
  for (const [index, task] of plan.tasks.entries()) {
    const { contract, touches } = facts.get(task.id) ?? { contract: undefined, touches: [] };
    const effect = contract === undefined ? '' : contract.effect === 'write' ? yellow(contract.effect) : contract.effect;
    const after = task.needs.length === 0 ? '' : dim(`  after ${task.needs.join(', ')}`);
    lines.push(`  ${index + 1}. ${bold(task.id)}  ${task.uses.name}@${task.uses.version}  ${effect}${after}`);
    for (const line of table(taskRows(task, contract, touches))) lines.push(`       ${dim(line)}`);
  }
  if (plan.tasks.length === 0) lines.push('  none');
  const outputs = Object.keys(plan.outputs);
  if (outputs.length > 0) lines.push('', `${bold('Outputs')}  ${outputs.join(', ')}`);
  return lines;
}

function headRows(plan: Plan): string[][] {
  const rows: string[][] = [];
  if (plan.runbook !== undefined) {
    rows.push(['owner', plan.runbook.owner], ['workflow', `${plan.workflow.name}@${plan.workflow.version}`]);
  }
  rows.push(['started by', plan.allowRoles === undefined ? 'anybody' : `whoever is ${plan.allowRoles.join(' or ')}`]);
  const { approvals, policy, timeout } = plan;
  if (approvals?.required) {
    const quorum = approvals.quorum === 'all' ? 'every one of' : `${approvals.quorum} of`;
    const expiry = approvals.expiresIn === undefined ? '' : `, within ${formatDuration(approvals.expiresIn)}`;
    const self = approvals.allowSelfApproval ? "; the initiator's own counts" : "; the initiator's own does not count";
    rows.push(['approved by', `${quorum} ${approvals.approvers.join(', ')}${expiry}${self}`]);
  } else rows.push(['approved by', 'nobody has to']);
  if (policy !== undefined) rows.push(['policy', `purpose ${policy.purpose}, authority ${policy.authority}, license ${policy.license}`]);
  if (timeout !== undefined) rows.push(['timeout', formatDuration(timeout)]);
  return rows.map((row) => row.map(printable));
}

function inputRow(input: Parameter): string[] {
  const notes = [
    input.description,
    input.default === undefined ? undefined : `default ${JSON.stringify(input.default)}`,
    input.enum?.map((value) => JSON.stringify(value)).join(' | '),
  ];
  return [
    `${input.name}${input.required && input.default === undefined ? '*' : ''}`,
    input.type,
    notes.filter((note) => note !== undefined).join('; '),
  ].map(printable);
}

function taskRows(task: PlanTask, contract: TaskContract | undefined, touches: Resource[] | string): string[][] {
  const rows: string[][] = [];
  const attempts = task.retry?.maxAttempts ?? contract?.retry?.maxAttempts;
  const timeout = task.timeout ?? contract?.timeout;
  const limits = [
    attempts === undefined ? undefined : `up to ${attempts} attempts`,
    timeout === undefined ? undefined : `${formatDuration(timeout)} each`,
  ].filter((limit) => limit !== undefined);
  if (limits.length > 0) rows.push(['limits', limits.join(', ')]);
  const secrets = secretsOf(task, contract);
  if (secrets.length > 0) rows.push(['secrets', secrets.join(', ')]);
  if (typeof touches === 'string') rows.push(['touches', touches]);
  else if (touches.length > 0) rows.push(['touches', touches.map(({ type, id }) => `${type} ${id}`).join(', ')]);
  return rows.map((row) => row.map(printable));
}

/** Secrets that a task may ask for, or that the plan hands to it. */
export function secretsOf(task: PlanTask, contract: TaskContract | undefined): string[] {
  const names = new Set(contract?.secrets ?? []);
  const visit = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    if ('$secret' in value && typeof value.$secret === 'string') names.add(value.$secret);
    else for (const item of Object.values(value)) visit(item);
  };
  visit(task.with);
  return [...names].sort();
}

/** The inputs a run was given, one line each where they are short. */
export function inputLines(inputs: JsonObject): string[] {
  return Object.entries(inputs).flatMap(([name, value]) => {
    const lines = stringify({ [name]: value }, { aliasDuplicateObjects: false, lineWidth: 0 })
      .trimEnd()
      .split('\n')
      .map(printable);
    return lines.length > MAX_VALUE_LINES
      ? [...lines.slice(0, MAX_VALUE_LINES), `... ${lines.length - MAX_VALUE_LINES} more lines`]
      : lines;
  });
}

function indent(lines: string[]): string[] {
  return lines.map((line) => `  ${line}`.trimEnd());
}
