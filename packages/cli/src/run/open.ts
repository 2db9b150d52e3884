import {
  type History,
  openClient,
  openRunner,
  type RunControl,
  type Runner,
  type RunnerOptions,
  secretEnvironment,
  secretFiles,
} from '@summit/maestro-worker';
import { trustedCode } from '../catalog/trusted.ts';
import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { startTelemetry } from '../telemetry/start.ts';

/** What opening a runner takes beyond the configuration. */
export interface OpenOptions {
  /** Run in this process, whatever the configuration says. */
  ephemeral?: boolean;
  decide?: RunnerOptions['decide'];
  onEvent?: RunnerOptions['onEvent'];
  /** Shown what the worker itself reports, as opposed to its tasks. */
  report: (text: string) => void;
}

/** A way to runs, and the way to close it. */
export interface OpenedControl {
  runner: RunControl & { readonly history: History | undefined };
  close(): Promise<void>;
}

/**
 * The way to start and follow runs. On this machine that is a worker, whatever may happen to others; where somebody else runs the engine,
 * its workers are theirs, and this process is none.
 */
export async function openControl(context: Context, config: ResolvedConfig, options: OpenOptions): Promise<OpenedControl> {
  if (options.ephemeral || config.engine.kind !== 'remote') return open(context, config, options);
  const { packages, engine, root, history, limits } = config;
  const runner = await openClient({ engine, packages, from: root, purpose: 'decisions', history, limits });
  return { runner, close: () => runner.close() };
}

/** A runner, and the way to close it: its engine's complaints about connections that end are not shown after that. */
export interface Opened {
  runner: Runner;
  close(): Promise<void>;
}

/** Opens the engine of the configuration, with this process as a worker. */
export async function open(context: Context, config: ResolvedConfig, options: OpenOptions): Promise<Opened> {
  let closing = false;
  const settings = await runnerSettings(context, config, options, () => closing);
  const engine = options.ephemeral ? ({ kind: 'in-process' } as const) : config.engine;
  const { opened: runner, stopTelemetry } = await observed(context, config, options.report, () => openRunner({ ...settings, engine }));
  const close = async () => {
    closing = true;
    try {
      await runner.close();
    } finally {
      await stopTelemetry();
    }
  };
  return { runner, close };
}

/** Opens something with telemetry as it is configured, which is to be stopped after it. */
export async function observed<T>(
  context: Context,
  config: ResolvedConfig,
  report: (text: string) => void,
  openIt: () => Promise<T>,
): Promise<{ opened: T; stopTelemetry: () => Promise<void> }> {
  const stopTelemetry = await startTelemetry(config, context.io.env, report);
  try {
    return { opened: await openIt(), stopTelemetry };
  } catch (error) {
    await stopTelemetry();
    throw error;
  }
}

/** What a process that executes tasks is told, but for its engine. `closing`: complaints about connections that end are expected now. */
export async function runnerSettings(
  context: Context,
  config: ResolvedConfig,
  options: OpenOptions,
  closing: () => boolean,
): Promise<Omit<RunnerOptions, 'engine'>> {
  const { verbose, io } = context;
  const log = (level: 'info' | 'error') => (message: string, fields?: Record<string, unknown>) => {
    // What tasks log arrives as events as well.
    if (verbose) context.terminal.err.line(JSON.stringify({ level, message, ...fields }));
    else if (level === 'error' && fields?.task === undefined && !(closing() && fields?.engine !== undefined)) options.report(message);
  };
  const runnerOptions: Omit<RunnerOptions, 'engine'> = {
    packages: config.packages,
    from: config.root,
    workspace: config.workspace,
    artifactsDir: config.artifacts.dir,
    inlineLimit: config.artifacts.inlineLimit,
    history: config.history,
    secrets: config.secrets.map((source) => ('files' in source ? secretFiles(source.files) : secretEnvironment(io.env, source.env))),
    logger: { info: log('info'), error: log('error') },
    limits: config.limits,
  };
  if (config.pools !== undefined) runnerOptions.pools = { serves: config.pools };
  if (config.artifacts.s3 !== undefined) runnerOptions.artifacts = await s3Artifacts(config.artifacts.s3, config.artifacts.copiesBytes);
  if (config.egress.allow.length > 0) runnerOptions.egressAllow = config.egress.allow;
  if (config.trustedCatalogs.length > 0) runnerOptions.trusts = trustedCode(config);
  if (config.preApproval) runnerOptions.preApproval = true;
  if (config.signing !== undefined) runnerOptions.signingKeyFile = config.signing.keyFile;
  if (options.decide !== undefined) runnerOptions.decide = options.decide;
  if (options.onEvent !== undefined) runnerOptions.onEvent = options.onEvent;
  return runnerOptions;
}

async function s3Artifacts(
  { encryption, roleArn, ...bucket }: NonNullable<ResolvedConfig['artifacts']['s3']>,
  copiesBytes: number | undefined,
): Promise<NonNullable<RunnerOptions['artifacts']>> {
  const { createS3Artifacts } = await import('@summit/maestro-tasks-core/s3-artifacts');
  return ({ copies, pool, secret }) =>
    createS3Artifacts({
      ...bucket,
      ...(roleArn === undefined ? {} : { assumeRole: { roleArn } }),
      ...(encryption === undefined ? {} : { sse: encryption === 'AES256' ? 'AES256' : { kms: 'aws:kms', keyId: encryption } }),
      ...(copiesBytes === undefined ? {} : { copiesBytes }),
      copies,
      context: { pool, secrets: secret },
    });
}

/** The configuration, where its engine is one that other processes reach as well. Throws `ENGINE_EPHEMERAL` where it is not. */
export function sharedEngine(config: ResolvedConfig): ResolvedConfig {
  if (config.engine.kind !== 'in-process') return config;
  throw new CliError('the configured engine is in-process: its runs live and end in the process that started them', {
    code: 'ENGINE_EPHEMERAL',
    next: 'set engine to "embedded" or to a Restate server to have runs that other commands can reach',
  });
}
