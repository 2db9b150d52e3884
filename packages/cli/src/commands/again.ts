import { retryRequest } from '@summit/maestro-worker';
import { preparePlan } from '../catalog/prepare.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import { checkInputs } from '../run/inputs.ts';
import { type LaunchOptions, launch } from '../run/launch.ts';
import { readPast } from '../run/past.ts';

/** `maestro runs retry`: what failed, with what there is. */
export async function retryRun(context: Context, runId: string, options: LaunchOptions): Promise<ExitCode> {
  const config = await context.config();
  const { run, events } = await readPast(config, runId);
  const { user, roles } = config.identity;
  const { reuse, inputs } = retryRequest(run, events, { id: user, roles });
  const what = { plan: run.plan, dryRun: false, parent: runId, ...(reuse ? { reuse } : {}), inputs: async () => inputs };
  return launch(context, config, what, options);
}

export interface RerunOptions extends LaunchOptions {
  sameVersion?: boolean;
}

/** `maestro runs rerun`: all of it, with the same inputs. */
export async function rerunRun(context: Context, runId: string, options: RerunOptions): Promise<ExitCode> {
  const config = await context.config();
  const { run, detail } = await readPast(config, runId);
  const plan = options.sameVersion ? run.plan : (await preparePlan(context, detail.name)).plan;
  const inputs = async () => checkInputs({ values: run.inputs, problems: [] }, plan);
  return launch(context, config, { plan, dryRun: run.dryRun === true, parent: runId, inputs }, options);
}
