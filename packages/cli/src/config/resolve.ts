import { existsSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { userInfo } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { durationMs } from '../duration.ts';
import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { EngineSetting, MaestroConfig, ResolvedConfig, ResolvedEngine, ResolvedHistory, S3ArtifactsSetting } from './config.ts';
import { findConfigFile, readConfigFile } from './file.ts';
import { checkConfig } from './keys.ts';

/** The settings that every command takes as options. */
export interface ConfigOptions {
  /** A file to use instead of the one that is found. */
  config?: string;
  catalog?: string[];
  package?: string[];
  workspace?: string;
  history?: string;
}

const DEFAULT_INLINE_LIMIT = 256 * 1024;
const DEFAULT_ARTIFACTS = path.join('.maestro', 'artifacts');

/** Environment variables that settings are read from, for the documentation. */
export const configVariables = {
  MAESTRO_CONFIG: 'the configuration file',
  MAESTRO_CATALOGS: 'catalogs, separated by commas',
  MAESTRO_PACKAGES: 'packages, separated by commas',
  MAESTRO_ENGINE: 'embedded or in-process',
  RESTATE_INGRESS_URL: 'engine.ingressUrl, of several nodes separated by commas; together with RESTATE_ADMIN_URL',
  RESTATE_ADMIN_URL: 'engine.adminUrl, of several nodes separated by commas; together with RESTATE_INGRESS_URL',
  MAESTRO_IDENTITY_KEYS: 'engine.identityKeys, separated by commas',
  MAESTRO_ADVERTISED_URL: 'engine.advertisedUrl',
  MAESTRO_POOLS: 'pools, separated by commas',
  MAESTRO_RELEASE: 'the --release of maestro worker',
  MAESTRO_HISTORY: 'history: a file or a postgres:// URL',
  MAESTRO_ARTIFACTS: 'artifacts: a folder, or s3://bucket/prefix',
  MAESTRO_WORKSPACE: 'workspace',
  MAESTRO_USER: 'identity.user',
  MAESTRO_ROLES: 'identity.roles, separated by commas',
  MAESTRO_SIGNING_KEY_FILE: 'signing.keyFile',
  MAESTRO_EGRESS_ALLOW: 'egress.allow, separated by commas',
} as const;

/**
 * Resolves the configuration once: option, then environment, then file, then default. Relative paths start from the
 * current folder where they come from an option or the environment, and from the file's folder where they come from it.
 */
export async function resolveConfig(options: ConfigOptions, io: Pick<Io, 'cwd' | 'env'>): Promise<ResolvedConfig> {
  const { env, cwd } = io;
  const named = options.config ?? (env.MAESTRO_CONFIG || undefined);
  const file = named === undefined ? findConfigFile(cwd) : path.resolve(cwd, named);
  const fromFile = file === undefined ? {} : await readConfigFile(file);
  const fromEnv = environmentConfig(env);
  const root = file === undefined ? cwd : path.dirname(file);
  /** The first of option and environment relative to `cwd`, else the file's relative to `root`. */
  const pathOf = (option: string | undefined, variable: string | undefined, inFile: string | undefined, fallback: string) => {
    const near = option ?? variable;
    return near === undefined ? path.resolve(root, inFile ?? fallback) : path.resolve(cwd, near);
  };

  /** The same for lists, whose entries `locate` turns into places. */
  const listOf = (
    near: string[] | undefined,
    inFile: string[] | undefined,
    fallback: string,
    locate: (name: string, base: string) => string,
  ) => (near === undefined ? (inFile ?? [fallback]).map((name) => locate(name, root)) : near.map((name) => locate(name, cwd)));

  const engine = withWorkerSettings(engineOf(fromEnv.engine ?? fromFile.engine ?? 'embedded', root), fromFile.engine, env);
  const resolved: ResolvedConfig = {
    root,
    catalogs: listOf(options.catalog ?? fromEnv.catalogs, fromFile.catalogs, 'runbooks', catalogFolder),
    packages: listOf(options.package ?? fromEnv.packages, fromFile.packages, '@summit/maestro-tasks-core', packageName),
    engine,
    history: historyOf({
      option: historyOption(options.history),
      variable: fromEnv.history as string | undefined,
      file: fromFile.history,
      cwd,
      root,
      engine,
    }),
    artifacts: artifactsOf(env.MAESTRO_ARTIFACTS || undefined, fromFile.artifacts, (env, file) =>
      pathOf(undefined, env, file, DEFAULT_ARTIFACTS),
    ),
    limits: fromFile.limits ?? {},
    workspace: pathOf(options.workspace, env.MAESTRO_WORKSPACE || undefined, fromFile.workspace, '.'),
    secrets: (fromFile.secrets ?? [{ files: '/run/secrets' }, { env: 'MAESTRO_SECRET_' }]).map((source) =>
      'files' in source ? { files: path.resolve(root, source.files) } : source,
    ),
    identity: {
      user: fromEnv.identity?.user ?? fromFile.identity?.user ?? osUser(),
      roles: fromEnv.identity?.roles ?? fromFile.identity?.roles ?? [],
    },
    preApproval: fromFile.preApproval ?? false,
    egress: { allow: fromEnv.egress?.allow ?? fromFile.egress?.allow ?? [] },
    trustedCatalogs: (fromFile.trustedCatalogs ?? []).map((name) => catalogFolder(name, root)),
  };
  const pools = fromEnv.pools ?? fromFile.pools;
  if (pools !== undefined) resolved.pools = pools;
  if (file !== undefined) resolved.file = file;
  if (fromEnv.signing !== undefined) resolved.signing = { keyFile: path.resolve(cwd, fromEnv.signing.keyFile) };
  else if (fromFile.signing !== undefined) resolved.signing = { keyFile: path.resolve(root, fromFile.signing.keyFile) };
  if (fromFile.telemetry !== undefined) resolved.telemetry = fromFile.telemetry;
  return resolved;
}

/** A catalog is a folder, or an npm package when no folder of that name exists. */
function catalogFolder(name: string, base: string): string {
  const folder = path.resolve(base, name);
  if (isPath(name) || existsSync(folder)) return folder;
  try {
    const manifest = findPackageJSON(name, pathToFileURL(path.join(base, 'package.json')));
    return manifest === undefined ? folder : path.dirname(manifest);
  } catch {
    return folder; // Neither exists: whoever reads the catalog says so, and only if it is needed.
  }
}

function packageName(name: string, base: string): string {
  return isPath(name) ? path.resolve(base, name) : name;
}

function isPath(name: string): boolean {
  return name.startsWith('.') || path.isAbsolute(name);
}

/** `folder` is asked for the folder that the environment or the file names, or neither. */
function artifactsOf(
  env: string | undefined,
  file: MaestroConfig['artifacts'],
  folder: (env: string | undefined, file: string | undefined) => string,
): ResolvedConfig['artifacts'] {
  const given = typeof file === 'string' ? undefined : file;
  const inFile = typeof file === 'string' ? file : file?.dir;
  const { copiesBytes, inlineLimit = DEFAULT_INLINE_LIMIT } = given ?? {};
  const s3 = env === undefined ? (s3Of(inFile) ?? given?.s3) : s3Of(env);
  return {
    dir: folder(unlessBucket(env), unlessBucket(inFile)),
    inlineLimit,
    ...(s3 === undefined ? {} : { s3 }),
    ...(copiesBytes === undefined ? {} : { copiesBytes }),
  };
}

function unlessBucket(place: string | undefined): string | undefined {
  return place?.startsWith('s3:') ? undefined : place;
}

/** `s3://bucket/prefix`; the prefix becomes a folder. */
function s3Of(place: string | undefined): S3ArtifactsSetting | undefined {
  if (!place?.startsWith('s3:')) return undefined;
  const [bucket = '', ...rest] = place.slice('s3://'.length).split('/');
  const prefix = rest.filter((part) => part !== '').join('/');
  return { bucket, ...(prefix === '' ? {} : { prefix: `${prefix}/` }) };
}

/** As in the file, where it is checked with everything else. */
function historyOption(given: string | undefined): string | undefined {
  if (given === undefined || checkConfig({ history: given }).length === 0) return given;
  // It is not repeated: it may hold a password.
  throw new CliError('--history: expected a file or a postgres:// URL', {
    code: 'USAGE',
    next: 'write it like --history past.db or --history postgres://user@host/database',
  });
}

/** Option, environment, file; by default beside the engine. */
function historyOf({
  option,
  variable,
  file,
  cwd,
  root,
  engine,
}: {
  option: string | undefined;
  variable: string | undefined;
  file: MaestroConfig['history'];
  cwd: string;
  root: string;
  engine: ResolvedEngine;
}): ResolvedHistory {
  const state = engine.kind === 'embedded' ? engine.dir : path.join(root, '.maestro');
  const given = typeof file === 'string' ? { file } : (file ?? {});
  const near = option ?? variable;
  const place = near ?? given.url ?? given.file ?? path.join(state, 'history.db');
  const retention = given.retention === undefined ? undefined : durationMs(given.retention);
  return {
    ...(/^postgres(ql)?:\/\//.test(place)
      ? { postgres: place, outbox: path.join(state, 'history-outbox.db') }
      : { sqlite: path.resolve(near === undefined ? root : cwd, place) }),
    ...(retention === undefined ? {} : { retentionMs: retention }),
  };
}

function engineOf(setting: EngineSetting, root: string): ResolvedEngine {
  if (setting === 'in-process') return { kind: 'in-process' };
  if (setting === 'embedded') return { kind: 'embedded', dir: path.join(root, '.maestro') };
  return 'dir' in setting ? { kind: 'embedded', dir: path.resolve(root, setting.dir) } : { kind: 'remote', ...setting };
}

/** What the environment says of a worker beyond the addresses of Restate; where it names those, the rest of the file's engine holds on. */
function withWorkerSettings(engine: ResolvedEngine, inFile: EngineSetting | undefined, env: Io['env']): ResolvedEngine {
  if (engine.kind !== 'remote') return engine;
  const kept = typeof inFile === 'object' && 'ingressUrl' in inFile ? inFile : {};
  const keys = env.MAESTRO_IDENTITY_KEYS?.split(',').flatMap((key) => key.trim() || []);
  return {
    ...kept,
    ...engine,
    ...(keys === undefined || keys.length === 0 ? {} : { identityKeys: keys }),
    ...(env.MAESTRO_ADVERTISED_URL ? { advertisedUrl: env.MAESTRO_ADVERTISED_URL } : {}),
  };
}

function environmentConfig(env: Io['env']): MaestroConfig {
  const config: MaestroConfig = {};
  const names = (value: string) =>
    value
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
  if (env.MAESTRO_CATALOGS) config.catalogs = names(env.MAESTRO_CATALOGS);
  if (env.MAESTRO_PACKAGES) config.packages = names(env.MAESTRO_PACKAGES);
  const ingressUrl = env.RESTATE_INGRESS_URL || undefined;
  const adminUrl = env.RESTATE_ADMIN_URL || undefined;
  if ((ingressUrl === undefined) !== (adminUrl === undefined)) {
    const [set, missing] =
      ingressUrl === undefined ? ['RESTATE_ADMIN_URL', 'RESTATE_INGRESS_URL'] : ['RESTATE_INGRESS_URL', 'RESTATE_ADMIN_URL'];
    throw new CliError(`${set} is set, but ${missing} is not`, {
      code: 'CONFIG_INVALID',
      next: 'set both to use that Restate, or neither to use the embedded one',
    });
  }
  if (env.MAESTRO_POOLS) config.pools = names(env.MAESTRO_POOLS);
  if (env.MAESTRO_ENGINE) config.engine = env.MAESTRO_ENGINE as EngineSetting;
  else if (ingressUrl !== undefined && adminUrl !== undefined)
    config.engine = { ingressUrl: oneOf(names(ingressUrl)), adminUrl: oneOf(names(adminUrl)) };
  if (env.MAESTRO_USER || env.MAESTRO_ROLES) {
    config.identity = {};
    if (env.MAESTRO_USER) config.identity.user = env.MAESTRO_USER;
    if (env.MAESTRO_ROLES) config.identity.roles = names(env.MAESTRO_ROLES);
  }
  if (env.MAESTRO_ARTIFACTS) config.artifacts = env.MAESTRO_ARTIFACTS;
  if (env.MAESTRO_SIGNING_KEY_FILE) config.signing = { keyFile: env.MAESTRO_SIGNING_KEY_FILE };
  if (env.MAESTRO_EGRESS_ALLOW) config.egress = { allow: names(env.MAESTRO_EGRESS_ALLOW) };
  if (env.MAESTRO_HISTORY) config.history = env.MAESTRO_HISTORY;
  const problems = checkConfig(config);
  if (problems.length > 0) {
    throw new CliError('the configuration in the environment (MAESTRO_*, RESTATE_*) is wrong', {
      code: 'CONFIG_INVALID',
      problems,
      next: 'correct or unset the variable; docs/cli.md lists them',
    });
  }
  return config;
}

function oneOf(values: string[]): string | string[] {
  return values.length === 1 ? (values[0] as string) : values;
}

function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a user id that has no name.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
