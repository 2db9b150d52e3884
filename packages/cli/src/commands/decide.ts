import type { DecisionInput } from '@summit/maestro-worker';
import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';
import { asClient, unserved } from '../run/client.ts';
import { elsewhere } from '../run/elsewhere.ts';
import { sharedEngine } from '../run/open.ts';
import { printable } from '../text.ts';

export interface DecideOptions {
  role: string;
  by?: string;
  comment?: string;
  name?: string;
  digest?: string;
}

/** `maestro approve` and `maestro reject`. Whose decision counts is for the worker to say. */
export async function decide(context: Context, runId: string, approved: boolean, options: DecideOptions): Promise<ExitCode> {
  const { out } = context.terminal;
  const config = sharedEngine(await context.config());
  const decision: DecisionInput = { role: options.role, by: options.by ?? config.identity.user, approved };
  if (options.comment !== undefined) decision.comment = options.comment;
  if (options.name !== undefined) decision.name = options.name;
  if (options.digest !== undefined) decision.digest = options.digest;
  const { question, served } = await asClient(context, 'decisions', async (client) => {
    const run = await client.find(runId);
    await client.decide(runId, decision).catch(async (error: unknown) => {
      throw await elsewhere(error, context, config, runId);
    });
    return {
      question: run?.pending.find(({ name, role }) => role === options.role && name === (options.name ?? name)),
      served: client.served,
    };
  });
  const { green, red } = out.colors;
  out.line(`${approved ? green('approved') : red('rejected')} run ${runId} as ${printable(decision.role)}, by ${printable(decision.by)}`);
  if (question?.reason !== undefined) out.line(`  ${printable(question.reason)}`);
  if (question?.digest !== undefined) out.line(`  digest ${question.digest}`);
  if (!served) out.line(`  ${unserved(context, config)}`);
  return exit.ok;
}
