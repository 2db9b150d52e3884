import type { ApprovalView, BodyView, CallView, Parameter, Plan, PlannedTask, PlanView } from '@summit/maestro-manifest';
import type { JsonObject } from '@summit/maestro-sdk';
import { stringify } from 'yaml';
import type { Touches } from '../catalog/resources.ts';
import { refOf } from '../run/view.ts';
import type { Colors } from '../terminal/terminal.ts';
import { count, formatDuration, printable, table } from '../text.ts';

/** All that is shown of a plan. */
export interface PlanFacts {
  plan: Plan;
  digest: string;
  view: PlanView;
  /** By the names of tasks. */
  touches: ReadonlyMap<string, Touches>;
  inputs: JsonObject | undefined;
  /** Required inputs that are not given. */
  missing: readonly string[];
}

/** Lines of one value of an input. */
const MAX_VALUE_LINES = 12;

/** Resources that are named of one task. */
const MAX_RESOURCES = 12;

/** A plan for people: who may start and approve it, what it takes, what it does in which order, how long it may take. */
export function planLines(facts: PlanFacts, colors: Colors): string[] {
  const { plan, digest, view, inputs, missing } = facts;
  const { bold, dim } = colors;
  const lines = [`${bold(refOf(plan))}  ${dim(digest)}`, ...indent(table(headRows(facts)))];
  if (plan.inputs.length > 0) lines.push('', bold('Inputs'), ...indent(table(plan.inputs.map(inputRow))));
  if (inputs !== undefined && Object.keys(inputs).length > 0) lines.push('', bold('Given'), ...indent(inputLines(inputs)));
  if (missing.length > 0) lines.push('', `${bold('Missing')}  ${missing.map(printable).join(', ')}`);
  const stages = view.stages.length > 1 ? dim(`  in ${count(view.stages.length, 'stage')}`) : '';
  lines.push('', `${bold('Tasks')}${stages}`, ...bodyLines(view, '', facts, colors));
  const outputs = Object.keys(plan.outputs);
  if (outputs.length > 0) lines.push('', `${bold('Outputs')}  ${outputs.map(printable).join(', ')}`);
  return lines;
}

function headRows({ plan, view }: PlanFacts): string[][] {
  const rows: string[][] = [];
  if (plan.runbook !== undefined) {
    rows.push(['owner', plan.runbook.owner], ['workflow', `${plan.workflow.name}@${plan.workflow.version}`]);
  }
  rows.push(['started by', plan.allowRoles === undefined ? 'anybody' : `whoever is ${plan.allowRoles.join(' or ')}`]);
  const [own] = view.approvals.filter(({ task }) => task === undefined);
  if (own === undefined) rows.push(['approved by', 'nobody has to']);
  else rows.push(['approved by', approvalText(own)], ['approval of', own.digest ?? 'this plan with its inputs, once they are given']);
  for (const gate of view.approvals) if (gate.task !== undefined) rows.push(['decision', `${gate.task}: ${approvalText(gate)}`]);
  const { policy, timeout } = plan;
  if (policy !== undefined) rows.push(['policy', policyText(policy)]);
  if (view.secrets.length > 0) rows.push(['secrets', view.secrets.join(', ')]);
  if (plan.dryRun) rows.push(['preview', 'what writes is not executed, unless execution is asked for']);
  const { ms, chain, unbounded } = view.estimate;
  if (ms > 0) rows.push(['takes', `at most ${formatDuration(ms)}: ${chain.map((step) => step.task).join(' -> ')}`]);
  for (const { task, why } of unbounded) rows.push(['no limit', `${task}: ${why}`]);
  if (timeout !== undefined) rows.push(['timeout', formatDuration(timeout)]);
  return rows.map((row) => row.map(printable));
}

function approvalText({ approvers, quorum, expiresIn, allowSelfApproval }: ApprovalView): string {
  const who = typeof approvers === 'string' ? `the roles of ${approvers}` : approvers.join(', ');
  const needed = quorum === 'all' ? 'every one of' : `${quorum} of`;
  const expiry = expiresIn === null ? '' : `, within ${typeof expiresIn === 'number' ? formatDuration(expiresIn) : expiresIn}`;
  if (allowSelfApproval === undefined) return `${needed} ${who}${expiry}`;
  return `${needed} ${who}${expiry}${allowSelfApproval ? "; the initiator's own counts" : "; the initiator's own does not count"}`;
}

function policyText({ purpose, authority, license }: NonNullable<BodyView['policy']>): string {
  return `purpose ${purpose}, authority ${authority}, license ${license}`;
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

/** The lists of a workflow. `number` is that of the task that it is, `2.`. */
function bodyLines(body: BodyView, number: string, facts: PlanFacts, colors: Colors): string[] {
  const lines: string[] = [];
  let place = 0;
  const add = (tasks: readonly PlannedTask[], title: string) => {
    if (title !== '') lines.push(`  ${colors.dim(title)}`);
    for (const task of tasks) lines.push(...taskLines(task, `${number}${++place}.`, facts, colors).map((line) => `  ${line}`));
  };
  for (const [at, ids] of body.stages.entries()) {
    const tasks = body.tasks.filter((task) => ids.includes(task.id));
    add(tasks, body.stages.length > 1 ? `stage ${at + 1}` : '');
  }
  if (place === 0) lines.push('  none');
  if (body.onFailure !== undefined) add(body.onFailure, 'on failure');
  if (body.finally !== undefined) add(body.finally, 'at last, however it ended');
  return lines;
}

function taskLines(task: PlannedTask, number: string, facts: PlanFacts, colors: Colors): string[] {
  const { bold, dim } = colors;
  const after = task.needs.length === 0 ? '' : dim(`  after ${task.needs.map(printable).join(', ')}`);
  const lines = [`${number} ${bold(printable(task.name))}  ${callText(task, colors)}${after}`];
  for (const row of table(taskRows(task, facts))) lines.push(`     ${dim(row)}`);
  if (task.compensate !== undefined) {
    lines.push(`     ${dim('undone by')}  ${callText(task.compensate, colors)}`);
    for (const row of table(callRows(task.compensate, `${task.name}/compensate`, facts))) lines.push(`       ${dim(row)}`);
    if (task.compensate.workflow) lines.push(...bodyLines(task.compensate.workflow, '', facts, colors).map((line) => `     ${line}`));
  }
  if (task.workflow !== undefined) lines.push(...bodyLines(task.workflow, number, facts, colors).map((line) => `   ${line}`));
  return lines;
}

/** `connectors/s3.get@0.1.0  read  sha256:0123456789ab` */
function callText({ uses, effect, deprecated }: CallView, { dim, yellow }: Colors): string {
  const told = effect === undefined ? '' : `  ${effect === 'write' ? yellow(effect) : effect}`;
  const old = deprecated === undefined ? '' : `  ${yellow(`deprecated: ${printable(deprecated)}`)}`;
  return `${printable(`${uses.name}@${uses.version}`)}${told}${uses.digest === '' ? '' : dim(`  ${uses.digest.slice(0, 19)}`)}${old}`;
}

function taskRows(task: PlannedTask, facts: PlanFacts): string[][] {
  const rows: string[][] = [];
  const { forEach } = task;
  if (task.when !== undefined) rows.push(['when', `${task.when}${task.onAnyStatus ? ', whatever became of what it needs' : ''}`]);
  if (forEach !== undefined) {
    const each = forEach.items === undefined ? `each of ${forEach.in}` : `${count(forEach.items, 'item')} of ${forEach.in}`;
    const parallel = forEach.maxParallel === undefined ? '' : `, at most ${forEach.maxParallel} at once`;
    rows.push([
      'for',
      `${each}${parallel}; ${forEach.onError === 'continue' ? 'an item that fails gives null' : 'an item that fails fails it'}`,
    ]);
  }
  if (task.continueOnError) rows.push(['fails', 'without failing the run']);
  if (task.pool !== undefined) rows.push(['pool', task.pool]);
  return [...rows.map((row) => row.map(printable)), ...callRows(task, task.name, facts)];
}

function callRows(call: CallView, name: string, { plan, touches }: PlanFacts): string[][] {
  const rows: string[][] = [];
  const { attempts, timeout, waits } = call.limits;
  const limits = [
    attempts > 1 ? `up to ${attempts} attempts` : undefined,
    timeout === undefined ? undefined : `${formatDuration(timeout)}${attempts > 1 ? ' each' : ''}`,
    waits > 0 ? `at most ${formatDuration(waits)} between them` : undefined,
  ].filter((limit) => limit !== undefined);
  if (limits.length > 0) rows.push(['limits', limits.join(', ')]);
  if (call.secrets.length > 0) rows.push(['secrets', call.secrets.join(', ')]);
  const policy = call.workflow?.policy;
  if (policy !== undefined && policyText(policy) !== (plan.policy && policyText(plan.policy))) rows.push(['policy', policyText(policy)]);
  const touched = touches.get(name) ?? [];
  if (typeof touched === 'string') rows.push(['touches', touched]);
  else if (touched.length > 0) {
    const more = touched.length > MAX_RESOURCES ? `, and ${touched.length - MAX_RESOURCES} more` : '';
    rows.push([
      'touches',
      `${touched
        .slice(0, MAX_RESOURCES)
        .map(({ type, id }) => `${type} ${id}`)
        .join(', ')}${more}`,
    ]);
  }
  return rows.map((row) => row.map(printable));
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
