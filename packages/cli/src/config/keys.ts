import { parseEgressEntry } from '@summit/maestro-sdk/egress';
import { durationMs } from '../duration.ts';
import { didYouMean } from '../text.ts';
import type { MaestroConfig } from './config.ts';

/** Checks one value; returns what is wrong with it, each starting with `path`. */
type Check = (value: unknown, path: string) => string[];

/** Keys that later versions honour. Ignoring one would let an operator believe in a guard that is not there. */
const NOT_YET: Record<string, string> = {
  policy: 'no policy is asked yet',
};

const string: Check = (value, path) => (typeof value === 'string' && value !== '' ? [] : [expected(path, 'a non-empty string', value)]);
const url: Check = (value, path) =>
  typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value) ? [] : [expected(path, 'an http(s) URL', value)];
const urls: Check = (value, path) => {
  if (!Array.isArray(value)) return url(value, path);
  return value.length > 0 ? list(url)(value, path) : [expected(path, 'an http(s) URL, or several', value)];
};
const port: Check = (value, path) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535 ? [] : [expected(path, 'a port, 0 to 65535', value)];
const amount: Check = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 1 ? [] : [expected(path, 'a whole number, 1 or more', value)];
const poolName: Check = (value, path) =>
  typeof value === 'string' && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(value) ? [] : [expected(path, 'a kebab-case pool name', value)];
const boolean: Check = (value, path) => (typeof value === 'boolean' ? [] : [expected(path, 'true or false', value)]);
const bytes: Check = (value, path) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? [] : [expected(path, 'a whole number of bytes', value)];
const list =
  (of: Check): Check =>
  (value, path) =>
    Array.isArray(value) ? value.flatMap((item, i) => of(item, `${path}[${i}]`)) : [expected(path, 'a list', value)];

function record(keys: Record<string, Check>, required: string[] = []): Check {
  return (value, path) => {
    if (!isRecord(value)) return [expected(path, `an object with ${Object.keys(keys).join(', ')}`, value)];
    const problems = required.filter((key) => value[key] === undefined).map((key) => `${path}.${key} is missing`);
    for (const [key, item] of Object.entries(value)) {
      const check = Object.hasOwn(keys, key) ? keys[key] : undefined;
      if (check === undefined)
        problems.push(`unknown key "${key}" in ${path}${didYouMean(key, Object.keys(keys)) || choices(Object.keys(keys))}`);
      else if (item !== undefined) problems.push(...check(item, `${path}.${key}`));
    }
    return problems;
  };
}

const ENGINES = ['embedded', 'in-process'];
const engine: Check = (value, path) => {
  if (typeof value === 'string') {
    return ENGINES.includes(value) ? [] : [`${path}: unknown engine "${value}"${didYouMean(value, ENGINES) || choices(ENGINES)}`];
  }
  if (isRecord(value) && 'dir' in value) return record({ dir: string }, ['dir'])(value, path);
  const remote = {
    ingressUrl: urls,
    adminUrl: urls,
    identityKeys: list(string),
    allowUnsigned: boolean,
    advertisedUrl: url,
    host: string,
    port,
  };
  return record(remote, ['ingressUrl', 'adminUrl'])(value, path);
};

const secretSource: Check = (value, path) => {
  const problems = record({ files: string, env: string })(value, path);
  if (problems.length === 0 && Object.keys(value as object).length !== 1) return [`${path} must have exactly one of files, env`];
  return problems;
};

const identity: Check = (value, path) => {
  if (isRecord(value) && ('issuer' in value || 'audience' in value)) {
    return [`${path}: signing in through an issuer is not honoured by this version; use { user?, roles }, for development`];
  }
  return record({ user: string, roles: list(string) })(value, path);
};

const bucket = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const s3Url: Check = (value, path) => {
  const named = typeof value === 'string' && value.startsWith('s3://') ? value.slice('s3://'.length).split('/')[0] : undefined;
  return named !== undefined && bucket.test(named) ? [] : [expected(path, 'a folder or s3://bucket/prefix', value)];
};
const bucketName: Check = (value, path) =>
  typeof value === 'string' && bucket.test(value) ? [] : [expected(path, 'the name of a bucket', value)];

const s3Artifacts: Check = record(
  {
    bucket: bucketName,
    prefix: string,
    region: string,
    endpoint: url,
    forcePathStyle: boolean,
    expectedBucketOwner: string,
    encryption: string,
    roleArn: string,
  },
  ['bucket'],
);

const artifacts: Check = (value, path) => {
  if (typeof value === 'string') return value.startsWith('s3:') ? s3Url(value, path) : string(value, path);
  return record({ dir: string, s3: s3Artifacts, copiesBytes: bytes, inlineLimit: bytes })(value, path);
};

const retention: Check = (value, path) =>
  typeof value === 'string' && durationMs(value) !== undefined ? [] : [expected(path, 'a duration such as 90d or 12h', value)];

const historyPlace: Check = (value, path) => {
  if (typeof value !== 'string' || value === '') return [expected(path, 'a file or a postgres:// URL', value)];
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(value)) return [];
  // What is in it is not repeated: it may hold a password.
  return /^postgres(ql)?:\/\//.test(value) && URL.canParse(value)
    ? []
    : [`${path}: expected a file or a postgres:// URL, found another URL`];
};

const history: Check = (value, path) => {
  if (!isRecord(value)) return historyPlace(value, path);
  const problems = record({ file: historyPlace, url: historyPlace, retention })(value, path);
  if (problems.length === 0 && value.file !== undefined && value.url !== undefined) return [`${path} must have one of file, url`];
  return problems;
};

const egressEntry: Check = (value, path) => {
  if (typeof value !== 'string' || value === '') return [expected(path, 'a host, an address or a range of addresses', value)];
  const entry = parseEgressEntry(value);
  if (!('problem' in entry)) return [];
  const meant = entry.suggestion === undefined ? '' : `; did you mean "${entry.suggestion}"?`;
  return [
    `${path}: expected a host such as api.internal or *.internal, an address or a range such as 10.0.0.0/8, each with :port if you like, found "${value}": ${entry.problem}${meant}`,
  ];
};

const headers: Check = (value, path) =>
  isRecord(value)
    ? Object.entries(value).flatMap(([name, text]) => string(text, `${path}.${name}`))
    : [expected(path, 'an object of header names and their values', value)];

const KEYS: Record<keyof MaestroConfig, Check> = {
  catalogs: list(string),
  packages: list(string),
  engine,
  history,
  artifacts,
  pools: list(poolName),
  limits: record({ tasksAtOnce: amount, queuedRuns: amount }),
  workspace: string,
  secrets: list(secretSource),
  identity,
  signing: record({ keyFile: string }, ['keyFile']),
  preApproval: boolean,
  egress: record({ allow: list(egressEntry) }, ['allow']),
  trustedCatalogs: list(string),
  telemetry: record({ otlp: record({ endpoint: url, headers }), serviceName: string }),
};

/** The keys a configuration may have, in the order of the documentation. */
export const configKeys = Object.keys(KEYS);

/** Everything that is wrong with a configuration, one sentence each; empty when it is a {@link MaestroConfig}. */
export function checkConfig(value: unknown): string[] {
  if (!isRecord(value)) return [`expected an object with the settings, found ${describe(value)}`];
  const problems: string[] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined || key === '$schema') continue;
    if (Object.hasOwn(KEYS, key)) problems.push(...KEYS[key as keyof MaestroConfig](item, key));
    else if (Object.hasOwn(NOT_YET, key)) problems.push(`"${key}" is not honoured by this version: ${NOT_YET[key]}; remove the key`);
    else problems.push(`unknown key "${key}"${didYouMean(key, configKeys) || choices(configKeys)}`);
  }
  return problems;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function expected(path: string, what: string, found: unknown): string {
  return `${path}: expected ${what}, found ${describe(found)}`;
}

function choices(names: string[]): string {
  return `; there are: ${names.join(', ')}`;
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  return String(value);
}
