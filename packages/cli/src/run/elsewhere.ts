import { endLost, type RunSummary } from '@summit/maestro-worker';
import { commandLine } from '../command-line.ts';
import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { exit } from '../exit.ts';
import { withHistory } from './past.ts';

/**
 * What to say where the engine does not know a run: it forgets a run some days after its end, and never knew one that lives in a process; the
 * history knows. Any other error is returned as it is.
 */
export async function elsewhere(error: unknown, context: Context, config: ResolvedConfig, runId: string): Promise<unknown> {
  if (!isUnknown(error)) return error;
  const [run] = await withHistory(config, (history) => history.list({ runIds: [runId] }));
  if (run?.finishedAt !== undefined) return new EndedError(context, run, error);
  if (run?.process === undefined) return error;
  const { pid, host } = run.process;
  return new CliError(`run ${runId} lives in the process ${pid} on ${host}, out of reach of any other`, {
    code: 'ENGINE_EPHEMERAL',
    exitCode: exit.failed,
    next: `end that process, with which it ends; where it is gone and cannot be seen from here: ${commandLine(context, ['runs', 'cancel', runId, '--kill'])}`,
    cause: error,
  });
}

/** Ends a run in the history that lived in a process nobody can see from here; false where there is no such run. */
export function giveUp(config: ResolvedConfig, runId: string): Promise<boolean> {
  const oneMachine = !('postgres' in config.history);
  return withHistory(config, async (history) => (await endLost(history, oneMachine, runId)).includes(runId));
}

export function isUnknown(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'RUN_UNKNOWN';
}

/** A run has ended before something was asked of it. */
export class EndedError extends CliError {
  readonly status: string;

  constructor(context: Context, { runId, finishedAt, status }: RunSummary, cause: Error) {
    super(`run ${runId} has ended, at ${finishedAt}: ${status}`, {
      code: 'RUN_ENDED',
      exitCode: exit.failed,
      next: `${commandLine(context, ['runs', 'show', runId])} tells what happened`,
      cause,
    });
    this.status = status;
  }
}
