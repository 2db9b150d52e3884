import { graph as draw, type GraphFormat } from '@summit/maestro-manifest';
import { preparePlan } from '../catalog/prepare.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';

/** `maestro graph` */
export async function graph(context: Context, ref: string, options: { format: GraphFormat }): Promise<ExitCode> {
  const { plan } = await preparePlan(context, ref);
  context.terminal.out.write(draw(plan, options.format));
  return exit.ok;
}
