import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createEndpointHandler } from '@restatedev/restate-sdk';
import { type Logger, TaskError } from '@summit/maestro-sdk';
import type { EventSink } from '../../interpreter/events.ts';
import type { TaskHost } from '../../interpreter/host.ts';
import { runService } from './service.ts';

/** How the worker's endpoint listens. */
export interface EndpointOptions {
  host?: string;
  port?: number;
  /** Only requests signed with one of these keys are served. */
  identityKeys?: readonly string[];
  log?: Logger;
  /** See `EngineOptions`. */
  inactivityMs?: number;
}

/** The HTTP/2 server through which Restate has this worker execute runs. */
export class WorkerEndpoint {
  readonly port: number;
  readonly #server: Http2Server;
  readonly #sessions: Set<ServerHttp2Session>;

  private constructor(server: Http2Server, sessions: Set<ServerHttp2Session>) {
    this.#server = server;
    this.#sessions = sessions;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Starts listening, by default on a free port of the loopback interface. Throws `PORT_UNAVAILABLE`. */
  static async listen(host: TaskHost, sink: EventSink, options: EndpointOptions): Promise<WorkerEndpoint> {
    const sessions = new Set<ServerHttp2Session>();
    const server = createServer(
      createEndpointHandler({
        services: [runService(host, sink, options.inactivityMs)],
        ...(options.identityKeys ? { identityKeys: [...options.identityKeys] } : {}),
        logger: ({ level, replaying }, message, ...rest: unknown[]) => {
          // The SDK reports every attempt that ends early as a warning; those are part of an ordinary restart.
          if (level === 'error' && !replaying) options.log?.error(String(message), { engine: rest.map(String) });
        },
      }),
    );
    server.on('session', (session) => {
      sessions.add(session);
      session.on('close', () => sessions.delete(session));
    });
    const address = options.host ?? '127.0.0.1';
    const port = options.port ?? 0;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const what = port === 0 ? `no free port on ${address}` : `port ${port} on ${address}`;
        reject(TaskError.terminal('PORT_UNAVAILABLE', `the worker cannot listen: ${what} (${cause.code ?? cause.message})`, { cause }));
      });
      server.listen(port, address, resolve);
    });
    return new WorkerEndpoint(server, sessions);
  }

  /** Stops listening and ends what is still connected. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.destroy();
    await closed;
  }
}
