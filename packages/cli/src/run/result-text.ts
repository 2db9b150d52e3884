import type { RunResult } from '@summit/maestro-worker';
import { stringify } from 'yaml';
import type { Colors } from '../terminal/terminal.ts';
import { formatDuration, printable } from '../text.ts';
import { failure, subjectText } from './event-text.ts';

/** Lines of outputs that are shown; `--json` prints all. */
const MAX_LINES = 20;
/** Findings that an error's message spells out itself. */
const IN_MESSAGE = 3;
const MAX_DETAILS = 20;

/** What came of a run, for people: status, what failed and what to do, outputs. */
export function resultText(result: RunResult, tookMs: number | undefined, colors: Colors): string[] {
  const { bold, dim, green, red, yellow } = colors;
  const status = { succeeded: green('succeeded'), failed: red('failed'), cancelled: yellow('cancelled') }[result.status];
  const lines = [
    `${bold(result.dryRun ? `dry run ${status}` : status)}${tookMs === undefined ? '' : ` in ${formatDuration(tookMs)}`}  ${dim(`run ${result.runId}`)}`,
  ];
  const { error } = result;
  if (error !== undefined && result.status !== 'cancelled') {
    const where = error.task === undefined ? '' : `task ${bold(subjectText(error))}: `;
    lines.push(`  ${where}${printable(failure(error))}`, ...detailLines(error.details), `  ${dim('next:')} ${nextStep(result)}`);
  }
  lines.push(...undoLines(result, colors), ...hookLines(result, colors));
  if (result.dryRun && result.status === 'succeeded') lines.push(`  ${dim('nothing was changed; next:')} run it with --execute`);
  if (result.outputs !== undefined && Object.keys(result.outputs).length > 0) lines.push(bold('outputs'), ...outputLines(result.outputs));
  return lines;
}

/** What was undone, and above all what could not be. */
function undoLines({ compensations = [] }: RunResult, { bold, red }: Colors): string[] {
  if (compensations.length === 0) return [];
  const failed = compensations.filter(({ status }) => status === 'failed');
  const undone = `  undone: ${compensations.length - failed.length} of ${compensations.length}`;
  const shown = failed
    .slice(0, MAX_DETAILS)
    .map((record) => `  ${red('not undone:')} ${bold(subjectText(record))}: ${printable(failure(record.error))}`);
  return [undone, ...shown, ...(failed.length > MAX_DETAILS ? [`  ... ${failed.length - MAX_DETAILS} more; --json prints all`] : [])];
}

/** Failures after the one that decided the run. */
function hookLines({ tasks, error }: RunResult, { bold, red }: Colors): string[] {
  return tasks
    .filter(({ phase, status, id }) => phase !== undefined && status === 'failed' && id !== error?.task)
    .slice(0, MAX_DETAILS)
    .map((task) => `  ${red(`${task.phase} failed:`)} ${bold(task.id)}: ${printable(failure(task.error))}`);
}

/** Several findings of one failure. The first few are part of its message, so that short lists would only repeat it. */
function detailLines(details: unknown): string[] {
  if (!Array.isArray(details) || details.length <= IN_MESSAGE) return [];
  const shown = details
    .slice(0, MAX_DETAILS)
    .map((detail) => `    - ${printable(typeof detail === 'string' ? detail : JSON.stringify(detail))}`);
  return details.length > MAX_DETAILS ? [...shown, `    ... ${details.length - MAX_DETAILS} more; --json prints all`] : shown;
}

function outputLines(outputs: object): string[] {
  const lines = stringify(outputs, { aliasDuplicateObjects: false, lineWidth: 0 }).trimEnd().split('\n');
  const shown = lines.slice(0, MAX_LINES).map((line) => `  ${printable(line)}`);
  return lines.length > MAX_LINES ? [...shown, `  ... ${lines.length - MAX_LINES} more lines; --json prints all`] : shown;
}

function nextStep({ runId, error, tasks, dryRun }: RunResult): string {
  if (error?.code.startsWith('APPROVAL_')) return 'settle it with the approvers, then start a new run';
  const task = tasks.find(({ id }) => id === error?.task);
  const again = error?.retryable ? 'its attempts are used up: see that what it needs works again' : 'correct the cause';
  const help =
    task === undefined || task.uses.startsWith('workflows/') ? '' : `; \`maestro tasks show ${task.uses}\` says what the task expects`;
  return `${again}, then ${dryRun ? 'start a new run' : `maestro runs retry ${runId}`}${help}`;
}
