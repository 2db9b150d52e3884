import type { RunContext } from '@summit/maestro-sdk';
import { TimeoutError } from '@summit/maestro-sdk';
import type { Agent } from 'undici';
import { type Connection, connection } from '../connection/pooled.ts';
import { type Connecting, connectorOf } from './connector.ts';

let undici: Promise<typeof import('undici')> | undefined;

/** undici, loaded by the first request and not with the catalog. */
export function loadUndici(): Promise<typeof import('undici')> {
  undici ??= import('undici');
  return undici;
}

/** The agent for one way of connecting: it keeps connections per origin for a few seconds, and TLS sessions. */
export function agentFor(ctx: RunContext, connecting: Connecting): Promise<Connection<Agent>> {
  const { rules, tls, proxy, connectTimeoutMs, resolve } = connecting;
  return connection<Agent>(ctx, {
    kind: 'http',
    config: {
      allow: rules?.allow ?? null,
      tls: tls ?? null,
      proxy: proxy ?? null,
      connectTimeoutMs,
      // Only tests have one; what it answers is their own concern.
      ...(resolve === undefined ? {} : { resolver: resolve.name }),
    },
    async open() {
      const library = await loadUndici();
      return new library.Agent({ connect: connectorOf(library, connecting), maxHeaderSize: 64 * 1024 });
    },
    // Not close(), which waits for requests that nobody waits for any more.
    close: (agent) => agent.destroy(),
    connectTimeoutMs,
    late: (ms) => new TimeoutError(`the HTTP client was not ready within ${ms} ms`, { code: 'HTTP_TIMEOUT' }),
  });
}
