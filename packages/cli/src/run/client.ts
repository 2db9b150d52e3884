import { openClient, type RunClient } from '@summit/maestro-worker';
import { commandLine } from '../command-line.ts';
import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import { sharedEngine } from './open.ts';

/**
 * Does `work` with the runs of the configured engine, from a process that executes none of them. `purpose`: see the worker's
 * `ClientOptions`. Throws `ENGINE_EPHEMERAL` where the runs of one process are no other's business.
 */
export async function asClient<T>(context: Context, purpose: 'runs' | 'decisions', work: (client: RunClient) => Promise<T>): Promise<T> {
  const { packages, engine, root, history, limits, pools } = sharedEngine(await context.config());
  const log = (level: 'info' | 'error') => (message: string, fields?: Record<string, unknown>) => {
    if (context.verbose) context.terminal.err.line(JSON.stringify({ level, message, ...fields }));
  };
  const client = await openClient({
    engine,
    packages,
    from: root,
    purpose,
    history,
    limits,
    ...(pools === undefined ? {} : { pools: { serves: pools } }),
    logger: { info: log('info'), error: log('error') },
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** What to tell an operator whose wish was recorded while nobody is there to do it. */
export function unserved(context: Context, config: ResolvedConfig): string {
  return config.engine.kind === 'remote'
    ? 'no worker has ever joined this engine: start one'
    : `no worker is up; it goes on with: ${commandLine(context, ['up'])}`;
}
