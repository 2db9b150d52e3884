import type { ConnectionOptions as TlsConnection } from 'node:tls';
import { InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import nats, { type ConnectionOptions, type NatsConnection } from 'nats';
import { type Connection, connection } from '../connection/pooled.ts';
import { tlsOptions } from '../connection/tls.ts';
import { AckInbox } from './ack-inbox.ts';
import { authenticator, type Credentials, credentials } from './auth.ts';
import type { ConnectionFields } from './config.ts';
import { connectFailure, unreachable } from './failure.ts';
import { connect } from './transport.ts';

/** How often a connection that is open is tried by the library, which gives it up after two pings without an answer. */
const PING_INTERVAL_MS = 30_000;

/** What calls are told about the connection they share. */
export interface Watcher {
  /** The connection has ended. */
  lost(reason: unknown): void;
  /** The server refused a subject that was published to, or an inbox. */
  refused(operation: string, subject: string): void;
}

/** An open connection. It never reconnects by itself: what is in flight when it breaks would be lost silently. */
export interface NatsClient {
  nc: NatsConnection;
  acks: AckInbox;
  watchers: Set<Watcher>;
}

/** The pooled connection for what the payload and its secrets say. */
export async function natsConnection(ctx: RunContext, fields: ConnectionFields): Promise<Connection<NatsClient>> {
  const { inboxPrefix, tlsFirst = false, connectTimeoutMs = 10_000 } = fields;
  const servers = [fields.servers].flat().map((server) => server.replace(/\/$/, ''));
  const wantsTls = fields.tls ?? (tlsFirst || servers.some((server) => server.startsWith('tls://')) ? true : undefined);
  if (wantsTls === false && (tlsFirst || servers.some((server) => server.startsWith('tls://')))) {
    throw new InvalidInputError('tls: false contradicts tlsFirst and servers that begin with tls://');
  }
  const tls = tlsOptions(wantsTls);
  const auth = await credentials(ctx, fields.auth);
  const names = servers.map((server) => server.replace(/^\w+:\/\//, ''));
  return connection<NatsClient>(ctx, {
    kind: 'nats',
    config: { servers, auth, tls: wantsTls, tlsFirst, inboxPrefix },
    connectTimeoutMs,
    late: (ms) => unreachable(names, `no connection within ${ms} ms (connectTimeoutMs); is it a NATS server?`),
    async open(abort) {
      const options = {
        ...connectionOptions({ servers: names, tls, plain: wantsTls === false, tlsFirst, inboxPrefix, auth }),
        // A server that is silent must leave time for the next.
        timeout: Math.ceil(connectTimeoutMs / servers.length),
        abort,
      };
      try {
        return watched(await connect(options), inboxPrefix);
      } catch (error) {
        throw connectFailure(error, names, auth);
      }
    },
    close: ({ nc }) => nc.close(),
    async healthy({ nc }) {
      await nc.flush();
      return true;
    },
  });
}

interface Choice {
  servers: string[];
  tls: TlsConnection | undefined;
  plain: boolean;
  tlsFirst: boolean;
  inboxPrefix: string | undefined;
  auth: Credentials | undefined;
}

function connectionOptions({ servers, tls, plain, tlsFirst, inboxPrefix, auth }: Choice): ConnectionOptions {
  const encryption = plain ? null : tls && { ...tls, ...(tlsFirst ? { handshakeFirst: true } : {}) };
  return {
    servers,
    // Names are resolved by the system, which knows more than DNS, when a connection is made.
    resolve: false,
    name: 'maestro',
    reconnect: false,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    ...(encryption === undefined ? {} : { tls: encryption as NonNullable<ConnectionOptions['tls']> }),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    ...(auth === undefined ? {} : { authenticator: authenticator(nats, auth) }),
  };
}

function watched(nc: NatsConnection, inboxPrefix: string | undefined): NatsClient {
  const watchers = new Set<Watcher>();
  void nc.closed().then((reason) => {
    for (const watcher of watchers) watcher.lost(reason);
  });
  void (async () => {
    for await (const { type, permissionContext } of nc.status()) {
      if (type !== nats.Events.Error || permissionContext === undefined) continue;
      for (const watcher of watchers) watcher.refused(permissionContext.operation, permissionContext.subject);
    }
  })();
  return { nc, acks: new AckInbox(nc, nats.createInbox(inboxPrefix)), watchers };
}
