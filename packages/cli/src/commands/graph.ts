import path from 'node:path';
import { graph as draw, type GraphFormat, type Plan } from '@summit/maestro-manifest';
import type { TaskContract } from '@summit/maestro-sdk';
import { preparePlan } from '../catalog/prepare.ts';
import { sized } from '../catalog/sized.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';
import { writeGenerated } from '../scaffold/write.ts';

/** `maestro graph` */
export async function graph(context: Context, ref: string, options: { format: GraphFormat | 'svg'; output?: string }): Promise<ExitCode> {
  const { plan, contracts } = await preparePlan(context, ref);
  const picture = await drawn(plan, contracts, options.format);
  if (options.output === undefined) context.terminal.out.write(picture);
  else await writeGenerated({ path: path.resolve(context.io.cwd, options.output), text: picture });
  return exit.ok;
}

async function drawn(plan: Plan, contracts: readonly TaskContract[], format: GraphFormat | 'svg'): Promise<string> {
  if (format !== 'svg') return sized(() => draw(plan, format, contracts));
  const { graphSvg } = await import('@summit/maestro-manifest/svg');
  return sized(() => graphSvg(plan, contracts));
}
