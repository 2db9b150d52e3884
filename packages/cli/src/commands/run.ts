import type { Plan } from '@summit/maestro-manifest';
import type { JsonObject } from '@summit/maestro-sdk';
import { preparePlan } from '../catalog/prepare.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import { askInputs, checkInputs, type InputOptions, readInputs } from '../run/inputs.ts';
import type { Interrupts } from '../run/interrupts.ts';
import { type LaunchOptions, launch } from '../run/launch.ts';
import type { Prompt } from '../terminal/prompt.ts';

export interface RunOptions extends InputOptions, LaunchOptions {
  dryRun?: boolean;
  execute?: boolean;
  locked?: boolean;
}

/** `maestro run` */
export async function run(context: Context, ref: string, options: RunOptions): Promise<ExitCode> {
  const config = await context.config();
  const { plan } = await preparePlan(context, ref, options);
  const dryRun = options.dryRun || options.execute ? options.dryRun === true : plan.dryRun === true;
  const inputs = (prompt: Prompt | undefined, interrupts: Interrupts) => collectInputs(context, plan, options, prompt, interrupts);
  return launch(context, config, { plan, dryRun, inputs }, options);
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
