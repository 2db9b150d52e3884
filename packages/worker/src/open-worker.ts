import { isIP } from 'node:net';
import { type Logger, TaskError } from '@summit/maestro-sdk';
import type { Deployments } from './engine/restate/deployments.ts';
import { DEFAULT_POOL } from './interpreter/pool-call.ts';
import { prepare, silent } from './open-runner.ts';
import type { EngineOptions, RunnerOptions } from './options.ts';
import { findPackage } from './packages/find.ts';
import type { RunEvent } from './run.ts';
import { type WorkerVersion, workerVersion } from './worker-version.ts';

/** Restate's own port for services. */
const DEFAULT_PORT = 9080;
const DRAIN_MS = 25_000;
const WAIT_MS = 60_000;
const POOL_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** What a worker needs beyond what any runner needs. */
export interface WorkerOptions extends Omit<RunnerOptions, 'engine' | 'decide'> {
  engine: Extract<EngineOptions, { kind: 'remote' }>;
  /** Where `/healthz` and `/readyz` are served; absent: nowhere. */
  healthPort?: number;
  /** How long Restate may be out of reach when the worker starts, in milliseconds; default one minute. */
  waitMs?: number;
  /** False: whoever deploys the worker makes it known to Restate. Default true. */
  register?: boolean;
  /** What the installation calls this version, e.g. the tag of its image. */
  release?: string;
}

/** A process that executes runs for a Restate server that somebody else runs. */
export interface Worker {
  /** Where it listens for Restate. */
  readonly port: number;
  readonly healthPort: number | undefined;
  readonly version: WorkerVersion;
  /** The pools it serves. */
  readonly pools: readonly string[];
  /** As Restate knows it; undefined where others make it known. `current`: the pools whose new work it gets. */
  readonly deployment: { id: string; url: string; current: string[] } | undefined;
  /** Attempts that are on or wait for their turn. */
  readonly attempts: number;
  onEvent(listener: (event: RunEvent) => void): () => void;
  /** Takes nothing new, lets attempts finish for `drainMs` (default 25 s), hands the rest to other workers, and stops. */
  drain(): Promise<void>;
}

/**
 * Joins a Restate server as a worker. Throws `TaskError`s that say what is missing or wrong: packages, folders, ports, keys
 * (`IDENTITY_KEYS_MISSING`), addresses (`ADVERTISED_URL_MISSING`, `WORKER_UNREACHABLE`, `ENGINE_UNREACHABLE`), a version (`DEPLOYMENT_CHANGED`).
 */
export async function openWorker(options: WorkerOptions): Promise<Worker> {
  const { engine, register = true, logger = silent } = options;
  const pools = servedPools(options.pools?.serves);
  const host = engine.host ?? (onLoopback(engine) ? '127.0.0.1' : '0.0.0.0');
  requireIdentity(engine, host, logger);
  const port = engine.port ?? DEFAULT_PORT;
  if (register && engine.advertisedUrl === undefined && !isLoopback(host)) {
    throw TaskError.terminal(
      'ADVERTISED_URL_MISSING',
      `Restate has to be told how it reaches this worker, which listens on ${host}:${port}: set engine.advertisedUrl (--advertised-url), e.g. to the address of the balancer in front of this version's workers`,
    );
  }
  const { registry, events, taskHost, executing, telemetry, close } = await prepare(options);
  const version = workerVersion(
    options.packages.map((name) => findPackage(name, options.from)),
    registry,
    pools,
    options.release,
  );
  const { RestateClient } = await import('./engine/restate/client.ts');
  const { RestateWorker } = await import('./engine/restate/worker.ts');
  const client = RestateClient.at(engine.ingressUrl, engine.adminUrl);
  const worker = await RestateWorker.open(client, taskHost, executing, events, {
    host,
    port,
    pools,
    version,
    register,
    log: logger,
    advertisedUrl: engine.advertisedUrl,
    healthPort: options.healthPort,
    identityKeys: engine.identityKeys,
    drainMs: options.drainMs ?? DRAIN_MS,
    waitMs: options.waitMs ?? WAIT_MS,
    ...(engine.inactivityMs === undefined ? {} : { inactivityMs: engine.inactivityMs }),
    ...(engine.restAfterMs === undefined ? {} : { restAfterMs: engine.restAfterMs }),
  }).catch(async (error: unknown) => {
    await close(0);
    await events.close();
    throw error;
  });
  const unobserve = pools.includes(DEFAULT_POOL) ? telemetry?.waiting(() => client.runs.active()) : undefined;
  return {
    port: worker.port,
    healthPort: worker.healthPort,
    version,
    pools,
    get deployment() {
      return worker.deployment;
    },
    get attempts() {
      return worker.attempts;
    },
    onEvent: (listener) => events.listen(listener),
    async drain() {
      unobserve?.();
      await worker.drain();
      await close(0);
      await telemetry?.settled();
      await events.close();
    },
  };
}

/** The versions of workers that a Restate server knows: to list them, to go back to one, to remove those without runs. */
export async function openDeployments(engine: WorkerOptions['engine']): Promise<Deployments> {
  const { RemoteAccess } = await import('./engine/restate/remote.ts');
  const { Deployments } = await import('./engine/restate/deployments.ts');
  const access = RemoteAccess.to(engine);
  await access.ready();
  return new Deployments(access.client);
}

function servedPools(given: readonly string[] = [DEFAULT_POOL]): string[] {
  const pools = [...new Set(given)];
  const wrong = pools.find((pool) => !POOL_NAME.test(pool));
  if (wrong !== undefined || pools.length === 0) {
    throw TaskError.terminal(
      'POOL_INVALID',
      wrong === undefined
        ? 'a worker serves at least one pool; "default" is the one that walks runs'
        : `"${wrong}" is no name of a pool: lower-case letters and digits, words joined by "-"`,
    );
  }
  return pools;
}

/**
 * Whoever reaches a worker's port may have it execute tasks, unless it takes requests only that Restate has signed. Without keys it
 * starts only where nobody but this machine can reach it, or somebody said that this is wanted.
 */
function requireIdentity(engine: WorkerOptions['engine'], host: string, log: Logger): void {
  const { identityKeys = [] } = engine;
  const wrong = identityKeys.find((key) => !/^publickeyv1_[1-9A-HJ-NP-Za-km-z]{40,50}$/.test(key));
  if (wrong !== undefined) {
    throw TaskError.terminal(
      'IDENTITY_KEYS_INVALID',
      `"${wrong.slice(0, 80)}" is no public key of Restate's requests: it starts with publickeyv1_, and Restate logs it when it starts with a private key`,
    );
  }
  if (identityKeys.length > 0) return;
  if (engine.allowUnsigned) {
    log.info('requests are executed whether they are signed or not: whoever reaches this port may execute tasks');
    return;
  }
  if (isLoopback(host) && onLoopback(engine)) return;
  throw TaskError.terminal(
    'IDENTITY_KEYS_MISSING',
    `whoever reaches this worker on ${host} could have it execute tasks: set engine.identityKeys to the public key of Restate's requests (it logs it when it starts with a private key); or, where the network lets nobody else reach it, allow unsigned requests (engine.allowUnsigned, --allow-unsigned)`,
  );
}

function onLoopback({ ingressUrl, adminUrl }: WorkerOptions['engine']): boolean {
  return [ingressUrl, adminUrl].flat().every((url) => isLoopback(new URL(url).hostname));
}

function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}
