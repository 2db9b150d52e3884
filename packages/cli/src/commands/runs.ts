import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';
import { commandLine } from '../command-line.ts';
import { follow } from '../run/follow.ts';
import { exitOf, watchInterrupts } from '../run/interrupts.ts';
import { openShared } from '../run/open.ts';
import { openPrompt } from '../terminal/prompt.ts';
import { printable, table } from '../text.ts';
import { accompany, conclude, showEvents, viewFor } from './run.ts';

/** `maestro runs list` */
export async function listRuns(context: Context, options: { json?: boolean }): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const { runner, close } = await openShared(context, await context.config(), (text) => err.line(text));
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
export async function attachRun(context: Context, runId: string, options: { json?: boolean }): Promise<ExitCode> {
  const { terminal } = context;
  const interrupts = watchInterrupts(context.io);
  const prompt = terminal.interactive && !options.json ? openPrompt(context.io, terminal) : undefined;
  const view = viewFor(context, options.json);
  const attach = async (): Promise<ExitCode> => {
    const { runner, close } = await openShared(context, await context.config(), (text) => view.note(text));
    try {
      if (interrupts.first !== undefined) return exitOf(interrupts.first);
      const startedAt = Date.now();
      const unsubscribe = showEvents(runner, runId, view);
      const handle = await runner.attach(runId);
      view.started({ runId });
      const company = prompt === undefined ? undefined : accompany(prompt, context, view, [`run      ${runId}`], true);
      const followed = await follow({
        runner,
        handle,
        view,
        interrupts,
        ...(company ? { company } : {}),
        decideCommand: (verb, question) => commandLine(context, [verb, runId, '--role', question.role]),
      });
      unsubscribe();
      return conclude(followed, view, runId, startedAt, context);
    } finally {
      view.close();
      await close();
    }
  };
  try {
    return await Promise.race([interrupts.again, attach()]);
  } finally {
    interrupts.release();
    prompt?.close();
  }
}

/** `maestro runs cancel` */
export async function cancelRun(context: Context, runId: string): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const { runner, close } = await openShared(context, await context.config(), (text) => err.line(text));
  try {
    await runner.cancel(runId);
  } finally {
    await close();
  }
  out.line(`run ${runId} is being cancelled: what is on is stopped and its result recorded`);
  return exit.ok;
}
