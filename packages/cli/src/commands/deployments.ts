import type { Deployments, WorkerDeployment } from '@summit/maestro-worker';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { count, printable, table } from '../text.ts';

/** `maestro deployments list` */
export async function listDeployments(context: Context, { json }: { json?: boolean }): Promise<ExitCode> {
  const { out } = context.terminal;
  const all = await (await open(context)).list();
  if (json) out.line(JSON.stringify(all, undefined, 2));
  else if (all.length === 0) out.line('no worker has ever joined this engine');
  else {
    const rows = all.map((one) => [
      one.id,
      one.url,
      one.version ?? '',
      one.current.length === 0 ? (one.unfinished === 0 ? 'drained' : 'draining') : `current${partly(one)}`,
      String(one.unfinished),
      printable(one.about ?? ''),
    ]);
    for (const line of table([['DEPLOYMENT', 'ADDRESS', 'VERSION', 'STATE', 'UNFINISHED', 'WHAT IT IS'], ...rows]))
      out.line(line.trimEnd());
  }
  return exit.ok;
}

/** `maestro deployments use` */
export async function useDeployment(context: Context, id: string): Promise<ExitCode> {
  const { url, current } = await (await open(context)).use(id);
  context.terminal.out.line(`new work for ${current.join(', ')} goes to ${id} at ${url}`);
  return exit.ok;
}

/** `maestro deployments remove` */
export async function removeDeployments(context: Context, id: string | undefined): Promise<ExitCode> {
  const removed = await (await open(context)).remove(id);
  for (const one of removed) context.terminal.out.line(`removed ${one.id} at ${one.url}`);
  context.terminal.out.line(`${count(removed.length, 'deployment')} removed; stop the workers that serve them`);
  return exit.ok;
}

/** Where a version is current for some of its pools only. */
function partly({ pools, current }: WorkerDeployment): string {
  return current.length === pools.length ? '' : ` for ${current.join(', ')}`;
}

async function open(context: Context): Promise<Deployments> {
  const { engine } = await context.config();
  if (engine.kind !== 'remote') {
    throw new CliError('deployments are versions of workers that have joined a Restate server, and none is configured', {
      code: 'ENGINE_NOT_SHARED',
      next: 'set engine to { ingressUrl, adminUrl }, or RESTATE_INGRESS_URL and RESTATE_ADMIN_URL',
    });
  }
  const { openDeployments } = await import('@summit/maestro-worker');
  return openDeployments(engine);
}
