import { randomUUID } from 'node:crypto';
import type { Plan } from '@summit/maestro-manifest';
import type { JsonObject } from '@summit/maestro-sdk';
import { preparePlan } from '../catalog/prepare.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import type { ExitCode } from '../exit.ts';
import { inputLines } from '../render/plan.ts';
import { askInputs, checkInputs, type InputOptions, readInputs } from '../run/inputs.ts';
import { exitOf, type Interrupts, watchInterrupts } from '../run/interrupts.ts';
import { refOf } from '../run/view.ts';
import { watch } from '../run/watch.ts';
import { openPrompt, type Prompt } from '../terminal/prompt.ts';

export interface RunOptions extends InputOptions {
  ephemeral?: boolean;
  dryRun?: boolean;
  execute?: boolean;
  runId?: string;
  locked?: boolean;
  json?: boolean;
}

/** `maestro run` */
export async function run(context: Context, ref: string, options: RunOptions): Promise<ExitCode> {
  const config = await context.config();
  const { plan, digest } = await preparePlan(context, ref, options);
  const prompt = context.terminal.interactive && !options.json ? openPrompt(context.io, context.terminal) : undefined;
  const interrupts = watchInterrupts(context.io);
  const { runId = randomUUID(), json } = options;
  const dryRun = options.dryRun || options.execute ? options.dryRun === true : plan.dryRun === true;
  try {
    const inputs = await collectInputs(context, plan, options, prompt, interrupts);
    if (inputs === undefined) return exitOf(interrupts.first ?? 'SIGINT');
    return await watch({
      context,
      config,
      runId,
      interrupts,
      prompt,
      json,
      ephemeral: options.ephemeral === true || config.engine.kind === 'in-process',
      plan,
      subject: [`plan     ${refOf(plan)}${dryRun ? ' (dry run)' : ''}`, ...inputLines(inputs)],
      begin: (runner) =>
        runner.start({ plan, inputs, initiator: { id: config.identity.user, roles: config.identity.roles }, runId, dryRun }),
      check: (result) => {
        if (result.planDigest !== digest) throw otherRun(runId, `another plan (${result.planDigest})`);
        if ((result.dryRun === true) !== dryRun) throw otherRun(runId, dryRun ? 'the plan, without --dry-run' : 'the plan as a dry run');
      },
    });
  } finally {
    interrupts.release();
    prompt?.close();
  }
}

/** Inputs from the command line, and from the person at the terminal what is missing; undefined after Ctrl-C. */
async function collectInputs(
  context: Context,
  plan: Plan,
  options: InputOptions,
  prompt: Prompt | undefined,
  interrupts: Interrupts,
): Promise<JsonObject | undefined> {
  const given = await readInputs(options, plan.inputs, context.io);
  const asked =
    prompt === undefined
      ? given
      : await Promise.race([askInputs(given, plan.inputs, prompt, context.terminal.out), interrupted(interrupts)]);
  return asked === undefined ? undefined : checkInputs(asked, plan);
}

function interrupted(interrupts: Interrupts): Promise<undefined> {
  return new Promise((resolve) => interrupts.on(() => resolve(undefined)));
}

function otherRun(runId: string, what: string): CliError {
  return new CliError(`run ${runId} existed already and has run ${what}`, {
    code: 'RUN_ID_TAKEN',
    next: 'choose another --run-id, or leave it out',
  });
}
