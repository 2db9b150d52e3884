import type { DecisionInput } from '@summit/maestro-worker';
import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';
import { openShared } from '../run/open.ts';
import { printable } from '../text.ts';

export interface DecideOptions {
  role: string;
  by?: string;
  comment?: string;
  name?: string;
}

/** `maestro approve` and `maestro reject`. Whose decision counts is for the worker to say. */
export async function decide(context: Context, runId: string, approved: boolean, options: DecideOptions): Promise<ExitCode> {
  const { err, out } = context.terminal;
  const config = await context.config();
  const decision: DecisionInput = { role: options.role, by: options.by ?? config.identity.user, approved };
  if (options.comment !== undefined) decision.comment = options.comment;
  if (options.name !== undefined) decision.name = options.name;
  const { runner, close } = await openShared(context, config, (text) => err.line(text));
  try {
    await runner.decide(runId, decision);
  } finally {
    await close();
  }
  const { green, red } = out.colors;
  out.line(`${approved ? green('approved') : red('rejected')} run ${runId} as ${printable(decision.role)}, by ${printable(decision.by)}`);
  return exit.ok;
}
