import type { ActiveRun, RunProblem } from '@summit/maestro-worker';
import { commandLine } from '../command-line.ts';
import type { Context } from '../context.ts';
import { printable } from '../text.ts';

/** Why a run does not go on, and what to do; nothing for one that does. */
export function problemLines(context: Context, { runId, state, problem }: ActiveRun): string[] {
  const command = (...words: string[]) => commandLine(context, words);
  if (state === 'paused') return [`${runId} was paused by hand; it goes on with: ${command('runs', 'resume', runId)}`];
  if (problem === undefined || (state !== 'stuck' && state !== 'retrying')) return [];
  const [first = '', ...rest] = printable(problem.message).split('\n');
  const head = state === 'stuck' ? `${runId} is stuck` : `${runId} could not go on`;
  const again = state === 'retrying' && problem.nextAttemptAt !== undefined ? `; next try ${clock(problem.nextAttemptAt)}` : '';
  return [
    `${head}: ${problem.code}: ${first}${again}`,
    ...rest.map((line) => `  ${line}`),
    ...(state === 'stuck' ? [`  ${advice(problem, runId, command)}`] : []),
  ];
}

function advice({ code }: RunProblem, runId: string, command: (...words: string[]) => string): string {
  const resume = command('runs', 'resume', runId);
  switch (code) {
    case 'WORKER_UNREACHABLE':
      return `see that its worker is up, then: ${resume}`;
    case 'CODE_CHANGED':
      return `start the version of the worker that it began with, then: ${resume}; or give it up: ${command('runs', 'cancel', runId, '--kill')}`;
    default:
      return `when the cause is gone: ${resume}; or give it up: ${command('runs', 'cancel', runId, '--kill')}`;
  }
}

/** Local wall-clock time of an RFC 3339 time. */
function clock(time: string): string {
  return new Date(time).toTimeString().slice(0, 8);
}
