import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { InvalidInputError, type RunContext, TaskError } from '@summit/maestro-sdk';
import { orAbort } from '@summit/maestro-sdk/abort';
import { type Connection, connection } from '../connection/pooled.ts';
import { tlsOptions } from '../connection/tls.ts';
import { askForChecksums } from './checksum.ts';
import { traceCommands } from './client-spans.ts';
import type { ConnectionInput } from './connection-fields.ts';
import { type Credentials, credentialsFailure, credentialsFor } from './credentials.ts';
import { endpointOf } from './endpoint.ts';
import { useKnownHashes } from './payload-hash.ts';

/** Connections to one store at the same time; further requests wait for one. */
const MAX_SOCKETS = 50;

/** Whether checksums are sent with every request, or only with those that need one. */
export type RequestChecksums = 'WHEN_SUPPORTED' | 'WHEN_REQUIRED';

type Config = Pick<ConnectionInput, 'region' | 'endpoint' | 'assumeRole' | 'tls'> & {
  forcePathStyle: boolean;
  credentials: Credentials;
  requestChecksums: RequestChecksums;
  connectTimeoutMs: number;
  timeoutMs: number;
};

/** The pooled client for what a payload says. */
export async function s3Connection(
  ctx: RunContext,
  payload: ConnectionInput,
  requestChecksums?: RequestChecksums,
): Promise<Connection<S3Client>> {
  const { region, assumeRole, tls, connectTimeoutMs = 10_000, timeoutMs = 30_000 } = payload;
  const endpoint = endpointOf(payload);
  if (tls !== undefined && typeof tls === 'object' && endpoint?.startsWith('http:')) {
    throw new InvalidInputError(`tls is given, but the endpoint ${endpoint} is not encrypted; use https`, { code: 'TLS_INVALID' });
  }
  tlsOptions(tls);
  const config: Config = {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(assumeRole === undefined ? {} : { assumeRole }),
    ...(tls === undefined ? {} : { tls }),
    forcePathStyle: payload.forcePathStyle ?? endpoint !== undefined,
    credentials: await credentialsFor(ctx, payload.credentials),
    // Stores that are not AWS may not know the newer checksum headers.
    requestChecksums: requestChecksums ?? (endpoint === undefined ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'),
    connectTimeoutMs,
    timeoutMs,
  };
  return connection(ctx, {
    kind: 's3',
    config,
    open: (signal) => open(config, signal),
    close: (client) => client.destroy(),
    connectTimeoutMs,
    late: (ms) =>
      TaskError.transient('S3_CREDENTIALS_TIMEOUT', `no credentials for S3 within ${ms} ms: the service that gives them does not answer`),
  });
}

/** A client whose region and credentials are known to be there. */
async function open(config: Config, signal: AbortSignal): Promise<S3Client> {
  const client = new S3Client({
    ...(await clientConfig(config)),
    ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint }),
    forcePathStyle: config.forcePathStyle,
    requestChecksumCalculation: config.requestChecksums,
    // What was stored is checked over the whole download, which may take several responses: see download.ts.
    responseChecksumValidation: 'WHEN_REQUIRED',
    retryStrategy: ONCE,
    // Bodies are at most a part long: waiting for leave to send one would cost more than sending it.
    expectContinueHeader: false,
    logger: SILENT,
  } as unknown as S3ClientConfig);
  traceCommands(client);
  askForChecksums(client);
  // Where nothing is signed, a hash would only be one more header.
  if (config.credentials !== 'none') useKnownHashes(client);
  try {
    await orAbort(checkRegion(client), signal);
    if (config.credentials !== 'none') await orAbort(client.config.credentials(), signal);
    return client;
  } catch (error) {
    client.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

async function clientConfig(config: Config): Promise<S3ClientConfig> {
  const { endpoint, credentials, assumeRole } = config;
  const region = config.region ?? (endpoint === undefined ? undefined : (process.env.AWS_REGION ?? 'us-east-1'));
  const shared = { ...(region === undefined ? {} : { region }), requestHandler: handler(config) };
  if (assumeRole !== undefined) return { ...shared, credentials: await roleProvider(config, region) };
  if (credentials === 'none') {
    return { ...shared, credentials: { accessKeyId: '', secretAccessKey: '' }, signer: { sign: async (request) => request } };
  }
  // A copy: the SDK writes into what it is given.
  if (credentials !== 'default') return { ...shared, credentials: { ...(credentials as KeysOfSdk) } };
  const { fromNodeProviderChain } = await import('@aws-sdk/credential-providers');
  return { ...shared, credentials: named(fromNodeProviderChain(), assumeRole) };
}

type Provider = Extract<S3ClientConfig['credentials'], (...args: never[]) => unknown>;
type KeysOfSdk = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

async function roleProvider(config: Config, region: string | undefined): Promise<Provider> {
  const { assumeRole, credentials } = config;
  if (assumeRole === undefined || credentials === 'none') {
    throw new InvalidInputError('assumeRole needs credentials that may assume it, found credentials: none');
  }
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const { roleArn, externalId, sessionName = 'maestro', durationSeconds, endpoint } = assumeRole;
  const provider = fromTemporaryCredentials({
    ...(credentials === 'default' ? {} : { masterCredentials: { ...(credentials as KeysOfSdk) } }),
    params: { RoleArn: roleArn, RoleSessionName: sessionName, ExternalId: externalId, DurationSeconds: durationSeconds },
    clientConfig: {
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      // Asked once an hour: connections are not kept for it.
      requestHandler: {
        connectionTimeout: config.connectTimeoutMs,
        socketTimeout: config.connectTimeoutMs,
        httpAgent: { keepAlive: false },
        httpsAgent: { keepAlive: false, ...(endpoint === undefined ? {} : tlsOptions(config.tls)) },
      },
      maxAttempts: 2,
    },
  });
  return named(provider as Provider, assumeRole);
}

/** Credentials are renewed in the middle of calls; a failure then must say what it is about. */
function named(provider: Provider, assumeRole: ConnectionInput['assumeRole']): Provider {
  return async (...args) => {
    try {
      return await provider(...args);
    } catch (error) {
      throw credentialsFailure(error, assumeRole);
    }
  };
}

function handler({ tls, connectTimeoutMs, timeoutMs }: Config): NodeHttpHandler {
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS };
  return new NodeHttpHandler({
    connectionTimeout: connectTimeoutMs,
    socketTimeout: timeoutMs,
    httpAgent: new HttpAgent(options),
    httpsAgent: new HttpsAgent({ ...options, ...tlsOptions(tls) }),
  });
}

async function checkRegion(client: S3Client): Promise<void> {
  try {
    await client.config.region();
  } catch (cause) {
    throw new InvalidInputError('region: it is not given, and the machine’s AWS configuration has none; give the region of the bucket', {
      code: 'S3_REGION_MISSING',
      cause,
    });
  }
}

/** Attempts are made in call.ts, where a cancelled run does not wait for the next one. */
const ONCE = { retry: <Args, Result>(next: (args: Args) => Promise<Result>, args: Args) => next(args) };

/**
 * What happens is told by results and errors; the SDK must not write to the console of the worker. There is no `info` and no `error`: the SDK asks
 * whether there is, and otherwise copies every request and answer for a line that nobody reads.
 */
const SILENT = { trace() {}, debug() {}, warn() {} };
