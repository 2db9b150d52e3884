import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { watchInterrupts } from '../run/interrupts.ts';
import { sharedEngine } from '../run/open.ts';
import { withHistory } from '../run/past.ts';
import { watch } from '../run/watch.ts';
import { openPrompt } from '../terminal/prompt.ts';

/** `maestro runs attach` */
export async function attachRun(context: Context, runId: string, { json }: { json?: boolean }): Promise<ExitCode> {
  const { terminal } = context;
  const config = sharedEngine(await context.config());
  const interrupts = watchInterrupts(context.io);
  const prompt = terminal.interactive && !json ? openPrompt(context.io, terminal) : undefined;
  const subject = [`run      ${runId}`];
  try {
    return await watch({
      context,
      config,
      runId,
      interrupts,
      prompt,
      json,
      ephemeral: false,
      subject,
      begin: (runner) => runner.attach(runId),
    });
  } catch (error) {
    throw await forgotten(error, config, runId);
  } finally {
    interrupts.release();
    prompt?.close();
  }
}

/** An engine forgets a run some days after its end, and never knew one that lived in a process; the history knows how it ended. */
async function forgotten(error: unknown, config: ResolvedConfig, runId: string): Promise<unknown> {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'RUN_UNKNOWN') return error;
  const [past] = await withHistory(config, (history) => history.list({ runIds: [runId] }));
  if (past?.finishedAt === undefined) return error;
  return new CliError(`run ${runId} has ended, at ${past.finishedAt}: ${past.status}`, {
    code: 'RUN_ENDED',
    exitCode: exit.failed,
    next: `\`maestro runs show ${runId}\` tells what happened`,
    cause: error,
  });
}
