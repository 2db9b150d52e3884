import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, TaskError } from '@summit/maestro-sdk';
import type { WorkerTaskHost } from '../../execution/task-host.ts';
import { HealthServer } from '../../health.ts';
import type { TaskHost } from '../../interpreter/host.ts';
import { DEFAULT_POOL } from '../../interpreter/pool-call.ts';
import type { WorkerVersion } from '../../worker-version.ts';
import type { EventEmitter } from '../emitter.ts';
import { Attempts } from './attempt.ts';
import type { RestateClient } from './client.ts';
import { Deployments, type WorkerDeployment } from './deployments.ts';
import { PendingOutcomes } from './durable.ts';
import { type Service, WorkerEndpoint } from './endpoint.ts';
import { Unreachable } from './http.ts';
import { poolService } from './pool-service.ts';
import { runService, type ServiceOptions } from './service.ts';
import { removeReplaced } from './tidy.ts';
import { VERSION_KEY, versionCheck } from './version-check.ts';

const AGAIN_MS = 500;
/** How long the engine may take to confirm the last outcomes, in milliseconds. */
const CONFIRM_MS = 2_000;
/** How often drained versions are looked for, in milliseconds. */
const TIDY_MS = 60_000;
/** How long a version that has no runs any more is kept after it was replaced: a quick way back, and no surprise for one that restarts. */
const KEEP_MS = 60 * 60_000;

/** How a process serves a Restate that somebody else runs. */
export interface RestateWorkerOptions {
  /** Where it listens for Restate. */
  host: string;
  port: number;
  /** How Restate reaches it. */
  advertisedUrl: string | undefined;
  healthPort: number | undefined;
  identityKeys: readonly string[] | undefined;
  inactivityMs?: number;
  restAfterMs?: number;
  /** The pools it serves; `default`: it walks runs. */
  pools: readonly string[];
  version: WorkerVersion;
  /** False: whoever deploys it makes it known to Restate. */
  register: boolean;
  drainMs: number;
  /** How long Restate may be out of reach at the start. */
  waitMs: number;
  log: Logger;
}

interface Status {
  now: 'starting' | 'ready' | 'draining';
}

/** A process that executes runs and attempts for a Restate that somebody else runs. */
export class RestateWorker {
  readonly port: number;
  readonly healthPort: number | undefined;
  readonly version: WorkerVersion;
  readonly #client: RestateClient;
  readonly #host: WorkerTaskHost;
  readonly #options: RestateWorkerOptions;
  readonly #endpoint: WorkerEndpoint;
  readonly #health: HealthServer | undefined;
  readonly #pending: PendingOutcomes;
  readonly #gone = new AbortController();
  readonly #status: Status;
  #deployment: WorkerDeployment | undefined;
  #drained: Promise<void> | undefined;

  private constructor(
    client: RestateClient,
    host: WorkerTaskHost,
    options: RestateWorkerOptions,
    serving: { endpoint: WorkerEndpoint; health: HealthServer | undefined; pending: PendingOutcomes; status: Status },
  ) {
    this.#client = client;
    this.#host = host;
    this.#options = options;
    this.#endpoint = serving.endpoint;
    this.#health = serving.health;
    this.#pending = serving.pending;
    this.#status = serving.status;
    this.version = options.version;
    this.port = serving.endpoint.port;
    this.healthPort = serving.health?.port;
  }

  /**
   * Listens, and makes itself known to Restate. Throws `PORT_UNAVAILABLE`, `ENGINE_UNREACHABLE`, and as {@link Deployments.register}.
   */
  static async open(
    client: RestateClient,
    host: WorkerTaskHost,
    executing: TaskHost,
    events: EventEmitter,
    options: RestateWorkerOptions,
  ): Promise<RestateWorker> {
    const { version, pools, log } = options;
    const pending = new PendingOutcomes();
    const status: Status = { now: 'starting' };
    const health =
      options.healthPort === undefined
        ? undefined
        : await HealthServer.listen(options.host, options.healthPort, () => ({
            status: status.now,
            version: version.id,
            pools: [...pools],
            attempts: host.running,
          }));
    let endpoint: WorkerEndpoint | undefined;
    try {
      const attempts = new Attempts();
      endpoint = await WorkerEndpoint.serve(
        servicesOf(executing, events, { attempts, pending, onCodeChanged: (invocation) => client.runs.setAside(invocation, log) }, options),
        {
          host: options.host,
          port: options.port,
          log,
          ...(options.identityKeys === undefined ? {} : { identityKeys: options.identityKeys }),
        },
        attempts,
      );
      const worker = new RestateWorker(client, host, options, { endpoint, health, pending, status });
      // Before it is registered: what is in front of it may pass on no request, Restate's first one neither, until it is ready.
      status.now = 'ready';
      if (options.register) await worker.#join();
      return worker;
    } catch (error) {
      await endpoint?.close();
      await health?.close();
      throw error;
    }
  }

  /** What Restate knows of it; undefined where others make it known. */
  get deployment(): WorkerDeployment | undefined {
    return this.#deployment;
  }

  /** Attempts that are on or wait for their turn. */
  get attempts(): number {
    return this.#host.running;
  }

  /**
   * Takes nothing new, lets attempts that are on finish for the time that it has, hands the rest back to Restate, which has
   * another worker do it, and stops.
   */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<void> {
    this.#status.now = 'draining';
    this.#gone.abort();
    this.#endpoint.refuse();
    await this.#host.stop(this.#options.drainMs);
    await this.#pending.settled(CONFIRM_MS);
    await this.#endpoint.close();
    await this.#health?.close();
  }

  async #join(): Promise<void> {
    const { advertisedUrl = `http://127.0.0.1:${this.port}/`, version, pools, log } = this.#options;
    const deployments = new Deployments(this.#client);
    const deployment = await this.#untilReached(() => deployments.register(advertisedUrl, version));
    this.#deployment = deployment;
    for (const pool of pools) {
      if (deployment.current.includes(pool)) continue;
      const what = pool === DEFAULT_POOL ? 'new runs start' : `attempts for pool ${pool} are executed`;
      log.info(
        `${what} with another version, because that was registered later; this one finishes what began with it. To go back to it: maestro deployments use ${deployment.id}`,
      );
    }
    // What was put off because no worker answered is tried again now.
    await this.#untilReached(() => this.#client.runs.resumeAll(deployment.id));
    if (deployment.current.length > 0) void this.#keepTidy(deployments);
  }

  /** Repeats `ask` while Restate, or this worker for Restate, is out of reach, for a while. */
  async #untilReached<T>(ask: () => Promise<T>): Promise<T> {
    const { waitMs } = this.#options;
    const end = performance.now() + waitMs;
    for (let told = false; ; told = true) {
      try {
        return await ask();
      } catch (error) {
        // What is in front of the worker may need a moment to pass on requests.
        const notYet = error instanceof TaskError && error.code === 'WORKER_UNREACHABLE';
        if (!notYet && !(error instanceof Unreachable)) throw error;
        if (performance.now() > end) {
          if (notYet) throw error;
          throw TaskError.terminal(
            'ENGINE_UNREACHABLE',
            `no Restate answered within ${waitMs / 1000} s: ${error.message}; check that it is up, and that engine.adminUrl and engine.ingressUrl are its addresses as this machine sees them`,
            { cause: error },
          );
        }
        if (!told) this.#options.log.info(`waiting for Restate: ${error.message}`);
        await delay(AGAIN_MS);
      }
    }
  }

  /** Has Restate forget versions that were replaced a while ago and whose runs have ended. */
  async #keepTidy(deployments: Deployments): Promise<void> {
    const { signal } = this.#gone;
    const { log } = this.#options;
    while (!signal.aborted) {
      try {
        await delay(TIDY_MS, undefined, { signal, ref: false });
      } catch {
        return;
      }
      try {
        for (const { id, url } of await removeReplaced(deployments, KEEP_MS))
          log.info(`deployment ${id} at ${url} had no runs any more and is removed`);
      } catch (error) {
        log.info(`drained deployments were not looked for: ${(error as Error).message}`);
      }
    }
  }
}

function servicesOf(
  host: TaskHost,
  events: EventEmitter,
  serving: Pick<ServiceOptions, 'attempts' | 'pending' | 'onCodeChanged'>,
  { pools, version, inactivityMs, restAfterMs }: RestateWorkerOptions,
): Service[] {
  const check = versionCheck(version.id);
  const metadata = { [VERSION_KEY]: version.id };
  const options: ServiceOptions = {
    ...serving,
    pools: true,
    check,
    metadata,
    ...(inactivityMs === undefined ? {} : { inactivityMs }),
    ...(restAfterMs === undefined ? {} : { restAfterMs }),
  };
  return pools.map((pool) =>
    pool === DEFAULT_POOL ? runService(host, events.publish, options) : poolService(pool, host, events.forward, options),
  );
}
