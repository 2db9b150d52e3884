import { type ActiveRun, peekActive, type RunSummary, type TaskCounts } from '@summit/maestro-worker';
import { commandLine } from '../command-line.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';
import { type FilterOptions, filterOf } from '../run/filter.ts';
import { withHistory } from '../run/past.ts';
import { problemLines } from '../run/problem-text.ts';
import { localTime, statusText, tookMs } from '../run/summary-text.ts';
import { count, formatDuration, printable, table } from '../text.ts';

export interface ListRunsOptions extends FilterOptions {
  limit: number;
  before?: string;
  json?: boolean;
}

/** A run, with what the engine says of it where it runs and has not ended. */
type Listed = RunSummary & { engine?: Pick<ActiveRun, 'state' | 'problem'> };

/** `maestro runs list` */
export async function listRuns(context: Context, { limit, before, json, ...filter }: ListRunsOptions): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const { engine } = await context.config();
  const page = { ...filterOf(filter), limit, ...(before === undefined ? {} : { before }) };
  const runs: Listed[] = await withHistory(await context.config(), (history) => history.list(page));
  // All of them, without a filter: the engine may have runs whose history was removed.
  const everything = Object.keys(filter).length === 0 && before === undefined;
  const active = everything || runs.some(unfinished) ? await peekActive(engine) : undefined;
  const states = new Map((active ?? []).map((run) => [run.runId, run]));
  for (const run of runs) {
    const now = states.get(run.runId);
    if (!unfinished(run) || now === undefined) continue;
    run.engine = { state: now.state, ...(now.problem === undefined ? {} : { problem: now.problem }) };
    // The engine knows it first: an event may still be on its way.
    run.pending = now.pending;
  }
  const known = new Set(everything ? await knownOf(context, active ?? []) : (active ?? []).map(({ runId }) => runId));
  const unrecorded = (active ?? []).filter(({ runId }) => !known.has(runId));
  if (json) {
    for (const { runId, state, pending, problem } of unrecorded) out.line(JSON.stringify({ runId, engine: { state, problem }, pending }));
    for (const run of runs) out.line(JSON.stringify(run));
    return exit.ok;
  }
  if (runs.length === 0) out.line(everything ? 'no runs' : 'no such runs');
  else for (const line of rows(runs)) out.line(line);
  for (const { runId, state } of unrecorded) out.line(`${runId} is ${state} in the engine, and the history does not know it`);
  for (const { runId } of [...runs, ...unrecorded]) {
    const now = states.get(runId);
    if (now !== undefined) for (const line of problemLines(context, now)) out.line(line);
  }
  if (runs.length === limit) err.line(`older ones: ${commandLine(context, ['runs', 'list', '--before', runs.at(-1)?.runId ?? ''])}`);
  if (engine.kind !== 'in-process' && active === undefined && runs.some((run) => unfinished(run) && run.process === undefined)) {
    err.line(`no engine is up; what has not ended goes on with: ${commandLine(context, ['up'])}`);
  }
  return exit.ok;
}

/** Which of the runs that the engine has are in the history. */
async function knownOf(context: Context, active: readonly ActiveRun[]): Promise<string[]> {
  if (active.length === 0) return [];
  const runIds = active.map(({ runId }) => runId);
  const found = await withHistory(await context.config(), (history) => history.list({ runIds, limit: runIds.length }));
  return found.map(({ runId }) => runId);
}

function rows(runs: readonly Listed[]): string[] {
  const lines = runs.map((run) => {
    const took = tookMs(run);
    return [
      run.runId,
      printable(run.ref),
      statusText(run, run.engine?.state),
      localTime(run.createdAt),
      took === undefined ? '' : formatDuration(took),
      printable(run.initiator ?? ''),
      note(run),
    ];
  });
  return table([['RUN', 'RUNBOOK', 'STATUS', 'CREATED', 'TOOK', 'BY', ''], ...lines]).map((line) => line.trimEnd());
}

/** What somebody who looks for trouble wants to see at once. */
function note({ pending, error, status, missingEvents, finishedAt, tasks, process }: Listed): string {
  const notes: string[] = [];
  if (finishedAt === undefined && tasks !== undefined) notes.push(`${endedOf(tasks)} of ${count(tasks.total, 'task')}`);
  if (process !== undefined) notes.push(`in process ${process.pid} on ${process.host}`);
  if (pending.length > 0) notes.push(`waits for ${pending.map(({ role }) => role).join(', ')}`);
  if (error !== undefined && status !== 'cancelled') notes.push(error.task === undefined ? error.code : `${error.code} in ${error.task}`);
  if (missingEvents !== undefined) notes.push(`${missingEvents} events are missing`);
  return printable(notes.join('; '));
}

function endedOf({ succeeded, failed, skipped, cancelled }: TaskCounts): number {
  return succeeded + failed + skipped + cancelled;
}

function unfinished({ finishedAt }: RunSummary): boolean {
  return finishedAt === undefined;
}
