import type { RunContext, TaskError } from '@summit/maestro-sdk';
import { TransientError } from '@summit/maestro-sdk';
import type { Agent, buildConnector, Dispatcher } from 'undici';
import { type Connection, connection } from '../connection/pooled.ts';
import { tlsOptions } from '../connection/tls.ts';
import type { Endpoint } from './endpoint.ts';

type Undici = typeof import('undici');
// Loaded by the first call, not with the catalog.
let undici: Promise<Undici> | undefined;

/** An HTTP agent that keeps its connections, and the library it belongs to. */
export interface SigClient {
  agent: Agent;
  request: Undici['request'];
}

/** The worker's one agent for an endpoint and its TLS settings. Throws `TLS_INVALID`. */
export function sigClient(ctx: RunContext, endpoint: Endpoint): Promise<Connection<SigClient>> {
  const { base, tls, connectTimeoutMs } = endpoint;
  const options = tlsOptions(tls);
  return connection(ctx, {
    kind: 'sig',
    config: { origin: new URL(base).origin, tls: tls ?? null, connectTimeoutMs },
    async open() {
      undici ??= import('undici');
      const { Agent, request } = await undici;
      const connect = { timeout: connectTimeoutMs, ...options } as buildConnector.BuildOptions;
      return { agent: new Agent({ connect, pipelining: 1 }), request };
    },
    close: ({ agent }) => agent.destroy(),
    connectTimeoutMs,
    late: unreachable(endpoint),
  });
}

export type SigResponse = Dispatcher.ResponseData;

function unreachable({ name }: Endpoint): (ms: number) => TaskError {
  return (ms) => new TransientError(`${name} was not connected to within ${ms} ms`, { code: 'SIG_UNREACHABLE' });
}
