import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { asClient, unserved } from '../run/client.ts';
import { watchInterrupts } from '../run/interrupts.ts';
import { sharedEngine } from '../run/open.ts';
import { withHistory } from '../run/past.ts';
import { problemLines } from '../run/problem-text.ts';
import { watch } from '../run/watch.ts';
import { openPrompt } from '../terminal/prompt.ts';
import { printable, table } from '../text.ts';

/** `maestro runs list` */
export async function listRuns(context: Context, options: { json?: boolean }): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const config = sharedEngine(await context.config());
  const { active, served } = await asClient(context, 'runs', async (client) => ({ active: await client.active(), served: client.served }));
  if (options.json) out.line(JSON.stringify(active, undefined, 2));
  else if (active.length === 0) out.line('no runs are on');
  else {
    const rows = active.map((run) => [run.runId, run.state, printable(run.pending.map(({ role }) => role).join(', '))]);
    for (const line of table([['RUN', 'STATE', 'WAITS FOR'], ...rows])) out.line(line.trimEnd());
    for (const run of active) for (const line of problemLines(context, run)) out.line(line);
  }
  if (!served && active.length > 0) err.line(unserved(context, config));
  return exit.ok;
}

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
