import { mkdirSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { type Logger, TaskError } from '@summit/maestro-sdk';
import { createFolderArtifacts } from '@summit/maestro-sdk/artifacts';
import { ClientPool } from '@summit/maestro-sdk/pool';
import { EventEmitter } from './engine/emitter.ts';
import { InProcessRunner } from './engine/in-process/runner.ts';
import type { WorkerServices } from './execution/run-context.ts';
import { secretResolver } from './execution/secrets.ts';
import { fileSigner } from './execution/signer.ts';
import { WorkerTaskHost } from './execution/task-host.ts';
import { openRecording } from './history/open-history.ts';
import type { TaskHost } from './interpreter/host.ts';
import type { RunnerOptions } from './options.ts';
import { loadTasks, type TaskRegistry } from './packages/tasks.ts';
import type { Runner } from './runner.ts';
import { isProvided, Telemetry } from './telemetry/telemetry.ts';

/** Largest output carried inline where the options do not say, in bytes. */
const INLINE_LIMIT = 256 * 1024;
const DRAIN_MS = 10_000;
/** Attempts at the same time where the options do not say. */
const TASKS_AT_ONCE = 1_000;
export const silent: Logger = { info: () => {}, error: () => {} };

/**
 * Loads the tasks, opens the engine and returns the way to start runs on it.
 * With a Restate server that somebody else runs this process executes nothing: {@link openWorker} does.
 * Throws `TaskError`s that say what is missing: packages, folders, the engine's binary, ports, the signing key.
 */
export async function openRunner(options: RunnerOptions): Promise<Runner> {
  const prepared = await prepare(options);
  try {
    return await openOn(prepared, options);
  } catch (error) {
    // What was opened for the runner must not go on without it.
    await prepared.events.close();
    throw error;
  }
}

async function openOn({ registry, events, executing, telemetry, close }: Prepared, options: RunnerOptions): Promise<Runner> {
  const { engine } = options;
  const observed = <T extends Runner>(runner: T): T => telemetry?.observed(runner) ?? runner;
  if (engine.kind === 'in-process') return observed(new InProcessRunner(registry, executing, events, options, close));

  const { RestateRunner } = await import('./engine/restate/runner.ts');
  if (engine.kind === 'embedded') {
    const { EmbeddedResidence } = await import('./engine/restate/residence.ts');
    const residence = await EmbeddedResidence.open(engine, executing, events.publish, options.logger);
    return observed(new RestateRunner(registry, residence, events, options, close));
  }
  const { RemoteAccess } = await import('./engine/restate/remote.ts');
  const access = RemoteAccess.to(engine);
  await access.ready();
  return observed(new RestateRunner(registry, access, events, options, close));
}

/** What every process that executes tasks is made of, whatever engine it works for. */
export interface Prepared {
  registry: TaskRegistry;
  events: EventEmitter;
  taskHost: WorkerTaskHost;
  /** The same, observed where that is wanted. */
  executing: TaskHost;
  telemetry: Telemetry | undefined;
  /** Lets attempts finish for `drainMs`, and closes the clients of tasks. */
  close(drainMs?: number): Promise<void>;
}

/** Loads the tasks and readies what they are lent. Throws as {@link openRunner}. */
export async function prepare(options: Omit<RunnerOptions, 'engine'>): Promise<Prepared> {
  const registry = await loadTasks(options.packages, options.from);
  const events = new EventEmitter(options.history && (await openRecording(options.history, options.logger)));
  if (options.onEvent) events.listen(options.onEvent);
  const pool = new ClientPool();
  const services = await workerServices(options, pool, events).catch(async (error: unknown) => {
    await events.close();
    throw error;
  });
  const taskHost = new WorkerTaskHost(
    registry,
    services,
    options.inlineLimit ?? INLINE_LIMIT,
    options.limits?.tasksAtOnce ?? TASKS_AT_ONCE,
  );
  const close = async (drainMs = options.drainMs ?? DRAIN_MS) => {
    await taskHost.stop(drainMs);
    await pool.close();
  };
  const telemetry = (options.telemetry ?? isProvided()) ? new Telemetry(events.history) : undefined;
  if (telemetry) events.listen(telemetry.listen);
  return { registry, events, taskHost, executing: telemetry?.host(taskHost) ?? taskHost, telemetry, close };
}

async function workerServices(options: Omit<RunnerOptions, 'engine'>, pool: ClientPool, events: EventEmitter): Promise<WorkerServices> {
  let workspace: string;
  try {
    workspace = await realpath(options.workspace);
    mkdirSync(options.artifactsDir, { recursive: true });
  } catch (cause) {
    throw TaskError.terminal(
      'STATE_FOLDER_UNUSABLE',
      `workspace ${options.workspace} or artifact folder ${options.artifactsDir}: ${(cause as Error).message}`,
      { cause },
    );
  }
  const copies = createFolderArtifacts(options.artifactsDir);
  const secret = secretResolver(options.secrets ?? []);
  const services: WorkerServices = {
    artifacts: options.artifacts?.({ copies, pool: (key, open, close) => pool.get(key, open, close), secret }) ?? copies,
    workspace,
    pool,
    secret,
    log: options.logger ?? silent,
    emit: events.publish,
    egressAllow: options.egressAllow ?? [],
  };
  if (options.trusts !== undefined) services.trusts = options.trusts;
  if (options.preApproval === true) services.preApproval = true;
  if (options.signingKeyFile !== undefined) services.signer = fileSigner(options.signingKeyFile);
  return services;
}
