import { setTimeout as delay } from 'node:timers/promises';
import type { RunClient, RunResult } from '@summit/maestro-worker';
import { commandLine } from '../command-line.ts';
import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { asClient, unserved } from '../run/client.ts';
import { EndedError, elsewhere, giveUp, isUnknown } from '../run/elsewhere.ts';
import { exitFor } from '../run/exit-for.ts';
import { sharedEngine } from '../run/open.ts';
import { problemLines } from '../run/problem-text.ts';
import { resultText } from '../run/result-text.ts';

export interface CancelOptions {
  wait?: boolean;
  kill?: boolean;
}

/** `maestro runs cancel` */
export async function cancelRun(context: Context, runId: string, options: CancelOptions): Promise<ExitCode> {
  const { out } = context.terminal;
  const config = sharedEngine(await context.config());
  const how = await asClient(context, 'runs', async (client): Promise<'already' | 'killed' | 'lost' | 'asked' | 'recorded' | RunResult> => {
    try {
      await (options.kill ? client.kill(runId) : client.cancel(runId));
    } catch (error) {
      if (options.kill && isUnknown(error) && (await giveUp(config, runId))) return 'lost';
      const known = await elsewhere(error, context, config, runId);
      if (endedAs(known) === 'cancelled') return 'already';
      throw hadEnded(known);
    }
    if (options.kill) return 'killed';
    if (!client.served) {
      if (options.wait) {
        throw new CliError(`the cancel of run ${runId} is recorded, and nobody is there to carry it out`, {
          code: 'WORKER_MISSING',
          next: `start a worker: ${commandLine(context, ['up'])}`,
        });
      }
      return 'recorded';
    }
    return options.wait ? ended(context, client, runId) : 'asked';
  });
  if (typeof how === 'object') {
    for (const line of resultText(how, undefined, out.colors)) out.line(line);
    // That it was cancelled is what was wanted.
    return how.status === 'cancelled' ? exit.ok : exitFor(how);
  }
  if (how === 'already') out.line(`run ${runId} was cancelled before`);
  else if (how === 'lost')
    out.line(`run ${runId} lived in a process that is out of sight: the history has it as failed now, as long as no other end is told`);
  else if (how === 'killed')
    out.line(`run ${runId} was ended in the engine: nothing is undone, and what was being executed may still come to its end`);
  else {
    out.line(`run ${runId} is being cancelled: what is on is stopped, what was done is undone, and the result recorded`);
    if (how === 'recorded') out.line(`  ${unserved(context, config)}`);
  }
  return exit.ok;
}

/** Waits for a run to end. Throws `RUN_STUCK` when it cannot, even in order to be cancelled. */
async function ended(context: Context, client: RunClient, runId: string): Promise<RunResult> {
  const handle = await client.attach(runId);
  const waiting = new AbortController();
  try {
    return await Promise.race([handle.result(), stuck(context, client, runId, waiting.signal)]);
  } finally {
    waiting.abort();
  }
}

/** Rejects when the engine gives up on the run. */
async function stuck(context: Context, client: RunClient, runId: string, signal: AbortSignal): Promise<never> {
  let times = 0;
  for (;;) {
    // Once it may be seen as it was before the cancel.
    await delay(STUCK_MS, undefined, { signal }).catch(() => new Promise<never>(() => {}));
    const run = await client.find(runId);
    times = run?.state === 'stuck' ? times + 1 : 0;
    if (run === undefined || times < 2) continue;
    const [what = '', ...rest] = problemLines(context, run);
    throw new CliError(`the cancel of run ${runId} is recorded, but it cannot go on in order to be cancelled: ${what}`, {
      code: 'RUN_STUCK',
      problems: rest.slice(0, -1).map((line) => line.trim()),
      next: (rest.at(-1) ?? '').trim(),
      exitCode: exit.failed,
    });
  }
}

/** How often a run is looked at that is waited for, in milliseconds. */
const STUCK_MS = 500;

/** `maestro runs pause` */
export async function pauseRun(context: Context, runId: string): Promise<ExitCode> {
  const config = sharedEngine(await context.config());
  await asClient(context, 'runs', (client) => about(context, config, runId, client.pause(runId)));
  const { out } = context.terminal;
  out.line(`run ${runId} is being paused: attempts that are on come to their end, nothing more begins`);
  out.line(`  it goes on with: ${commandLine(context, ['runs', 'resume', runId])}`);
  return exit.ok;
}

/** What was asked of a run; where it cannot be done, with what is known of the run. */
export async function about(context: Context, config: ResolvedConfig, runId: string, asked: Promise<void>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    throw hadEnded(await elsewhere(error, context, config, runId));
  }
}

/** That a run had ended is the command's answer, not a failure of the command. */
function hadEnded(error: unknown): unknown {
  if (error instanceof EndedError || endedAs(error) === undefined || !(error instanceof Error)) return error;
  return new CliError(error.message, { code: 'RUN_ENDED', exitCode: exit.failed, cause: error });
}

function endedAs(error: unknown): unknown {
  if (error instanceof EndedError) return error.status;
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'RUN_ENDED') return undefined;
  return ('details' in error && (error.details as { status?: unknown } | undefined)?.status) ?? 'unknown';
}
