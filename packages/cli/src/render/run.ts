import { type ActiveRun, type ItemDetail, RUN_LOST, type RunDetail, type TaskDetail } from '@summit/maestro-worker';
import { stringify } from 'yaml';
import { failure, subjectText } from '../run/event-text.ts';
import { localTime, statusText, tookMs } from '../run/summary-text.ts';
import type { Colors } from '../terminal/terminal.ts';
import { count, formatDuration, printable } from '../text.ts';

/** Lines of inputs and outputs that are shown; `--json` prints all. */
const MAX_LINES = 20;
/** Items of a list that are shown, those that did not succeed first. */
const MAX_ITEMS = 20;

/** Everything the history tells of a run, for people. */
export function runText(run: RunDetail, state: ActiveRun['state'] | undefined, colors: Colors): string[] {
  const { bold, dim, red } = colors;
  const took = tookMs(run);
  const status = painted(statusText(run, state), colors);
  const lines = [
    `${bold(printable(run.ref))}  ${bold(status)}${took === undefined ? '' : ` ${run.finishedAt === undefined ? 'for' : 'in'} ${formatDuration(took)}`}  ${dim(`run ${run.runId}`)}`,
  ];
  const fact = (name: string, value: string) => lines.push(`  ${dim(name.padEnd(11))}${value}`);
  const roles = run.initiatorRoles === undefined || run.initiatorRoles.length === 0 ? '' : ` (${run.initiatorRoles.join(', ')})`;
  fact('created', `${localTime(run.createdAt)}${run.initiator === undefined ? '' : printable(` by ${run.initiator}${roles}`)}`);
  if (run.startedAt !== undefined) fact('started', localTime(run.startedAt));
  if (run.finishedAt !== undefined) fact(run.error?.code === RUN_LOST ? 'last heard' : 'finished', localTime(run.finishedAt));
  if (run.process !== undefined) fact('process', `${run.process.pid} on ${printable(run.process.host)}`);
  if (run.parent !== undefined) fact('made from', printable(run.parent));
  if (run.planDigest !== undefined) fact('plan', printable(run.planDigest));
  for (const { approved, by, role, at, comment, name } of run.decisions) {
    const where = name === 'approval' ? '' : `, at ${name}`;
    const why = comment === undefined ? '' : `: ${comment}`;
    fact(approved ? 'approved' : 'rejected', printable(`by ${by} as ${role}, ${localTime(at)}${where}${why}`));
  }
  for (const { role, name, reason } of run.pending) {
    fact('waits for', printable(`${role}${name === 'approval' ? '' : `, at ${name}`}${reason === undefined ? '' : `: ${reason}`}`));
  }
  if (run.error !== undefined) lines.push(`  ${red(printable(failure(run.error)))}`);
  if (run.missingEvents !== undefined) lines.push(`  ${red(`${count(run.missingEvents, 'event')} of this run could not be kept`)}`);
  lines.push(...values('inputs', run.inputs, colors));
  if (run.taskTree.length > 0)
    lines.push(bold('tasks'), ...run.taskTree.flatMap((task) => taskLines(task, run.finishedAt === undefined, '  ', colors)));
  if (run.compensations.length > 0) {
    lines.push(bold('undone'));
    for (const record of run.compensations) {
      const why = record.error === undefined ? '' : `: ${failure(record.error)}`;
      lines.push(printable(`  ${subjectText(record)}  ${record.status}  ${record.uses}${why}`));
    }
  }
  lines.push(...values('outputs', run.outputs, colors));
  return lines;
}

/** `on`: the run has not ended. */
function taskLines(task: TaskDetail, on: boolean, indent: string, colors: Colors): string[] {
  const { bold, dim, red, yellow } = colors;
  const { id, status, uses, phase, reason, items, itemCounts, failedAttempts = [], continued } = task;
  const facts = [
    phase,
    task.reused ? 'taken over' : undefined,
    task.previewed ? 'previewed' : undefined,
    durationOf(task, on),
    itemCounts === undefined ? undefined : `${itemCounts.succeeded} of ${count(itemCounts.total, 'item')}`,
    task.attempts > 1 ? count(task.attempts, 'attempt') : undefined,
    continued ? 'the run went on' : undefined,
  ].filter((fact) => fact !== undefined);
  const own = id.slice(id.lastIndexOf('/') + 1);
  const lines = [
    `${indent}${bold(printable(own))}  ${painted(statusOf(status, on), colors)}${facts.length > 0 ? `  ${facts.join(', ')}` : ''}  ${dim(printable(uses ?? ''))}`.trimEnd(),
  ];
  const more = `${indent}  `;
  if (reason !== undefined) lines.push(`${more}${dim(printable(reason))}`);
  for (const { attempt, error, item, compensation, retryInMs } of failedAttempts.slice(0, MAX_ITEMS)) {
    const of = `${item === undefined ? '' : `[${item}] `}${compensation ? 'undoing, ' : ''}attempt ${attempt}`;
    const again = retryInMs === undefined ? '' : `; again after ${formatDuration(retryInMs)}`;
    lines.push(`${more}${yellow(of)} ${printable(failure(error))}${again}`);
  }
  if (failedAttempts.length > MAX_ITEMS)
    lines.push(`${more}... ${failedAttempts.length - MAX_ITEMS} more failed attempts; --json prints all`);
  // The last failed attempt has said it already.
  if (task.error !== undefined && failedAttempts.at(-1)?.error.message !== task.error.message) {
    lines.push(`${more}${red(printable(failure(task.error)))}`);
  }
  if (items !== undefined) lines.push(...itemLines(items, on, more, colors));
  for (const part of task.tasks ?? []) lines.push(...taskLines(part, on, more, colors));
  return lines;
}

/** Items that say something: those that did not succeed and those that are made of tasks. */
function itemLines(items: readonly ItemDetail[], on: boolean, indent: string, colors: Colors): string[] {
  const telling = items.filter(({ status, tasks }) => status !== 'succeeded' || tasks !== undefined);
  const lines = telling
    .slice(0, MAX_ITEMS)
    .flatMap((item) => [
      `${indent}[${item.item}]  ${painted(statusOf(item.status, on), colors)}${durationOf(item, on) === undefined ? '' : `  ${durationOf(item, on)}`}${item.error === undefined ? '' : `  ${printable(failure(item.error))}`}`,
      ...(item.tasks ?? []).flatMap((task) => taskLines(task, on, `${indent}  `, colors)),
    ]);
  if (telling.length > MAX_ITEMS) lines.push(`${indent}... ${count(telling.length - MAX_ITEMS, 'more item')}; --json prints all`);
  return lines;
}

/** Of a run that was killed or lost, what was being executed has no end that anybody knows. */
function statusOf(status: TaskDetail['status'], on: boolean): string {
  return status === 'running' && !on ? 'begun' : status;
}

function durationOf({ startedAt, endedAt }: TaskDetail | ItemDetail, on: boolean): string | undefined {
  if (startedAt === undefined || (endedAt === undefined && !on)) return undefined;
  const ms = (endedAt === undefined ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt);
  return formatDuration(Math.max(0, ms));
}

function values(title: string, of: object | undefined, { bold }: Colors): string[] {
  if (of === undefined || Object.keys(of).length === 0) return [];
  const lines = stringify(of, { aliasDuplicateObjects: false, lineWidth: 0 }).trimEnd().split('\n');
  const shown = lines.slice(0, MAX_LINES).map((line) => `  ${printable(line)}`);
  if (lines.length > MAX_LINES) shown.push(`  ... ${lines.length - MAX_LINES} more lines; --json prints all`);
  return [bold(title), ...shown];
}

function painted(status: string, { green, red, yellow }: Colors): string {
  if (status.startsWith('succeeded')) return green(status);
  if (status.startsWith('failed') || status.startsWith('stuck')) return red(status);
  return status.startsWith('skipped') || status.startsWith('pending') ? status : yellow(status);
}
