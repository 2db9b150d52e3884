import { peekActive, type RunDetail } from '@summit/maestro-worker';
import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';
import { runText } from '../render/run.ts';
import { withHistory } from '../run/past.ts';
import { problemLines } from '../run/problem-text.ts';
import { unknownRun } from '../run/unknown-run.ts';

/** `maestro runs show` */
export async function showRun(context: Context, runId: string, { json }: { json?: boolean }): Promise<ExitCode> {
  const { out } = context.terminal;
  const run: RunDetail | undefined = await withHistory(await context.config(), (history) => history.show(runId));
  if (run === undefined) throw unknownRun(context, runId);
  const active = run.finishedAt === undefined ? await peekActive((await context.config()).engine) : undefined;
  const now = active?.find((one) => one.runId === runId);
  if (json) {
    out.line(
      JSON.stringify({ ...run, ...(now === undefined ? {} : { engine: { state: now.state, problem: now.problem } }) }, undefined, 2),
    );
    return exit.ok;
  }
  for (const line of runText(run, now?.state, out.colors)) out.line(line);
  if (now !== undefined) for (const line of problemLines(context, now)) out.line(line);
  return exit.ok;
}
