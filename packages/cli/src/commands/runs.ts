import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';
import { watchInterrupts } from '../run/interrupts.ts';
import { open, sharedEngine } from '../run/open.ts';
import { watch } from '../run/watch.ts';
import { openPrompt } from '../terminal/prompt.ts';
import { printable, table } from '../text.ts';

/** `maestro runs list` */
export async function listRuns(context: Context, options: { json?: boolean }): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const { runner, close } = await open(context, sharedEngine(await context.config()), { report: (text) => err.line(text) });
  try {
    const active = await runner.active();
    if (options.json) out.line(JSON.stringify(active, undefined, 2));
    else if (active.length === 0) out.line('no runs are on');
    else {
      const rows = active.map((run) => [run.runId, run.state, printable(run.pending.map(({ role }) => role).join(', '))]);
      for (const line of table([['RUN', 'STATE', 'WAITS FOR'], ...rows])) out.line(line.trimEnd());
    }
    return exit.ok;
  } finally {
    await close();
  }
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
  } finally {
    interrupts.release();
    prompt?.close();
  }
}

/** `maestro runs cancel` */
export async function cancelRun(context: Context, runId: string): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const { runner, close } = await open(context, sharedEngine(await context.config()), { report: (text) => err.line(text) });
  try {
    await runner.cancel(runId);
  } finally {
    await close();
  }
  out.line(`run ${runId} is being cancelled: what is on is stopped and its result recorded`);
  return exit.ok;
}
