import { commandLine } from '../command-line.ts';
import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { asClient, unserved } from '../run/client.ts';
import { sharedEngine } from '../run/open.ts';
import { count, printable } from '../text.ts';
import { about } from './runs-control.ts';

export interface ResumeOptions {
  all?: boolean;
  deployment?: string;
}

/** `maestro runs resume`, of one run or of all that do not get on by themselves. */
export async function resumeRuns(context: Context, runId: string | undefined, { all, ...options }: ResumeOptions): Promise<ExitCode> {
  if ((runId === undefined) !== (all === true)) {
    throw new CliError('expected the id of a run, or --all', {
      code: 'USAGE',
      next: `${commandLine(context, ['runs', 'list'])} shows the runs there are`,
    });
  }
  const config = sharedEngine(await context.config());
  return runId === undefined ? resumeAll(context, config, options) : resumeOne(context, config, runId, options);
}

async function resumeOne(context: Context, config: ResolvedConfig, runId: string, options: { deployment?: string }): Promise<ExitCode> {
  const served = await asClient(context, 'runs', async (client) => {
    await about(context, config, runId, client.resume(runId, options));
    return client.served;
  });
  const { out } = context.terminal;
  out.line(`run ${runId} goes on${withVersion(options)}`);
  if (!served) out.line(`  ${unserved(context, config)}`);
  return exit.ok;
}

async function resumeAll(context: Context, config: ResolvedConfig, options: { deployment?: string }): Promise<ExitCode> {
  const { out, err } = context.terminal;
  return asClient(context, 'runs', async (client) => {
    const halted = (await client.active()).filter(({ state }) => state === 'stuck' || state === 'retrying');
    let resumed = 0;
    let failed = 0;
    for (const { runId } of halted) {
      try {
        await client.resume(runId, options);
        resumed += 1;
      } catch (error) {
        if (isOver(error)) continue;
        failed += 1;
        err.line(`${runId} stays as it is: ${printable(error instanceof Error ? error.message : String(error))}`);
      }
    }
    out.line(halted.length === 0 ? 'no run is stuck' : `${count(resumed, 'run')} of ${halted.length} resumed${withVersion(options)}`);
    if (resumed > 0 && !client.served) out.line(`  ${unserved(context, config)}`);
    return failed === 0 ? exit.ok : exit.failed;
  });
}

/** It went on, or ended, before it was asked to. */
function isOver(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'RUN_NOT_STUCK' || error.code === 'RUN_ENDED' || error.code === 'RUN_UNKNOWN')
  );
}

function withVersion({ deployment }: { deployment?: string }): string {
  return deployment === undefined ? '' : ` with deployment ${deployment}`;
}
