import { createConnection, isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { TaskError } from '@summit/maestro-sdk';
import type { ConnectionOptions, NatsConnection } from 'nats';
import internals from 'nats/lib/nats-base-client/internal_mod.js';
// biome-ignore lint/style/noRestrictedImports: the library's folder of this name is all that it publishes, and nothing else hands out its transport
import transports from 'nats/lib/src/node_transport.js';

interface Place {
  hostname: string;
  port: number;
  tlsName: string;
}

/** What the transport is told beside the options of the client. */
type Options = ConnectionOptions & { abort: AbortSignal };

/**
 * The client's transport, made to end: as it comes, a connection that is not there in time stays open, and the attempt goes on. It also holds
 * the certificate to the address that was connected to, where as it comes a server reached by address is held to the name `localhost`.
 */
class BoundedTransport extends transports.NodeTransport {
  #place: Place | undefined;
  #dialled: Socket | undefined;

  override async connect(place: Place, options: Options): Promise<void> {
    const { abort } = options;
    this.#place = place;
    const onAbort = () => this.#destroy();
    abort.throwIfAborted();
    abort.addEventListener('abort', onAbort, { once: true });
    try {
      await super.connect(place, options);
    } finally {
      abort.removeEventListener('abort', onAbort);
    }
  }

  override dial({ hostname, port }: Place): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ port, host: hostname, noDelay: true });
      this.#dialled = socket;
      let failure: Error | undefined;
      socket.on('error', (error) => {
        failure = error;
      });
      socket.on('close', () => reject(failure ?? new Error(`the connection to ${hostname}:${port} was closed`)));
      socket.once('connect', () => {
        socket.removeAllListeners();
        resolve(socket);
      });
    });
  }

  /** A server that wants a certificate says so here; without one it would let the client in, and cut the connection a moment later. */
  override async peekInfo(): ReturnType<transports.NodeTransport['peekInfo']> {
    const info = await super.peekInfo();
    const { tls } = this.options as Partial<ConnectionOptions>;
    if ((info as { tls_verify?: boolean }).tls_verify === true && tls !== null && tls?.cert === undefined) {
      const { hostname, port } = this.#place as Place;
      throw TaskError.terminal(
        'NATS_TLS',
        `NATS ${hostname}:${port}: the server wants a certificate of its clients; give cert and key in tls`,
      );
    }
    return info;
  }

  override async tlsFirst(place: Place): Promise<TLSSocket> {
    this.socket = await this.dial(place);
    return this.startTLS();
  }

  override startTLS(): Promise<TLSSocket> {
    const { hostname } = this.#place as Place;
    // As `node:tls` has them; the library hands on what it does not know.
    const place = isIP(hostname) === 0 ? { host: hostname, servername: hostname } : { host: hostname };
    this.options = { ...this.options, tls: { ...place, ...this.options.tls } };
    return super.startTLS();
  }

  override async close(error?: Error): Promise<void> {
    await super.close(error);
    if (!this.connected) this.#destroy();
  }

  #destroy(): void {
    this.#dialled?.destroy();
    this.socket?.destroy();
  }
}

/** Connects through the bounded transport. `abort` ends the attempt, and all that it has opened. */
export function connect(options: Options): Promise<NatsConnection> {
  // The library keeps one factory for all; its own connect sets it for every connection too.
  internals.setTransportFactory({ factory: () => new BoundedTransport() });
  return internals.NatsConnectionImpl.connect(options);
}
