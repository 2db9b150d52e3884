import { openWorker, type WorkerOptions } from '@summit/maestro-worker';
import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import { durationMs } from '../duration.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { EventFeed } from '../run/feed.ts';
import { type Interrupts, watchInterrupts } from '../run/interrupts.ts';
import { observed, runnerSettings } from '../run/open.ts';
import { count } from '../text.ts';
import { showEvent } from './up.ts';

export interface WorkerCommandOptions {
  pool?: string[];
  host?: string;
  port?: number;
  advertisedUrl?: string;
  healthPort?: number;
  /** As commander gives `--no-register`. */
  register: boolean;
  allowUnsigned?: boolean;
  drain?: string;
  release?: string;
  json?: boolean;
}

/** Beside Restate's own port for services. */
const HEALTH_PORT = 9081;

/** `maestro worker`: serves a Restate that somebody else runs, until a signal; a second one does not wait for attempts that are on. */
export async function worker(context: Context, options: WorkerCommandOptions): Promise<ExitCode> {
  const interrupts = watchInterrupts(context.io);
  try {
    return await Promise.race([interrupts.again, serve(context, options, interrupts)]);
  } finally {
    interrupts.release();
  }
}

async function serve(context: Context, options: WorkerCommandOptions, interrupts: Interrupts): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const say = (text: string) => (options.json ? err : out).line(text);
  const config = await context.config();
  const feed = new EventFeed();
  feed.listen((event) => (options.json ? out.line(JSON.stringify(event)) : showEvent(event, out)));
  feed.flow();
  let closing = false;
  const settings = await runnerSettings(context, config, { onEvent: feed.push, report: (text) => err.line(text) }, () => closing);
  if (config.artifacts.s3 === undefined) {
    err.line(
      `artifacts are kept in ${config.artifacts.dir}: workers on other machines do not find them there, unless the folder is shared; s3://bucket/prefix is one for all`,
    );
  }
  const own = workerSettings(options, config, context.io.env.MAESTRO_RELEASE);
  const opening = observed(
    context,
    config,
    (text) => err.line(text),
    () => openWorker({ ...settings, ...own }),
  );
  const stopped = new Promise<'stopped'>((resolve) => interrupts.on(() => resolve('stopped')));
  const ready = await Promise.race([opening, stopped]);
  if (ready === 'stopped') {
    // It has taken nothing yet that would have to be finished.
    opening.then((late) => late.opened.drain()).catch(() => {});
    return exit.ok;
  }
  const { opened, stopTelemetry } = ready;
  const { deployment, version, pools, healthPort } = opened;
  const where = deployment === undefined ? `port ${opened.port}, made known to Restate by others` : `${deployment.url} (${deployment.id})`;
  say(
    `worker ${version.id} for ${pools.length === 1 ? 'pool' : 'pools'} ${pools.join(', ')} at ${where}${healthPort === undefined ? '' : `, health on port ${healthPort}`}`,
  );
  for (const pool of pools.filter((name) => deployment !== undefined && !deployment.current.includes(name))) {
    say(`  what is new for pool ${pool} goes to another version; to have it come here: maestro deployments use ${deployment?.id}`);
  }
  await stopped;
  closing = true;
  say(`stopping: ${count(opened.attempts, 'attempt')} on, which may finish; again the same signal to quit at once`);
  try {
    await opened.drain();
  } finally {
    await stopTelemetry();
  }
  say('stopped; what was not finished goes on with other workers');
  return exit.ok;
}

/** Options before the configuration. */
function workerSettings(
  options: WorkerCommandOptions,
  { engine, pools, root }: ResolvedConfig,
  environmentRelease: string | undefined,
): Pick<WorkerOptions, 'engine' | 'pools' | 'healthPort' | 'register' | 'drainMs' | 'release'> {
  if (engine.kind !== 'remote') {
    throw new CliError('a worker joins a Restate server or cluster, and none is configured', {
      code: 'ENGINE_NOT_SHARED',
      next: `set engine to { ingressUrl, adminUrl } in the configuration of ${root}, or RESTATE_INGRESS_URL and RESTATE_ADMIN_URL; on one machine, maestro up is the worker`,
    });
  }
  const { host, port, advertisedUrl, allowUnsigned, healthPort = HEALTH_PORT, register } = options;
  const drainMs = options.drain === undefined ? undefined : durationMs(options.drain);
  if (options.drain !== undefined && drainMs === undefined) {
    throw new CliError(`--drain: expected a duration such as 25s or 2m, found "${options.drain}"`, { code: 'USAGE' });
  }
  if (advertisedUrl !== undefined && !(/^https?:\/\//.test(advertisedUrl) && URL.canParse(advertisedUrl))) {
    throw new CliError(`--advertised-url: expected an http(s) URL, found "${advertisedUrl}"`, { code: 'USAGE' });
  }
  const serves = options.pool ?? pools;
  const release = options.release ?? (environmentRelease || undefined);
  return {
    engine: {
      ...engine,
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
      ...(advertisedUrl === undefined ? {} : { advertisedUrl }),
      ...(allowUnsigned ? { allowUnsigned } : {}),
    },
    ...(serves === undefined ? {} : { pools: { serves } }),
    healthPort,
    register,
    ...(drainMs === undefined ? {} : { drainMs }),
    ...(release === undefined ? {} : { release }),
  };
}
