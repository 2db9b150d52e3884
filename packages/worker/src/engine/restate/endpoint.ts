import { createServer, type Http2Server } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { createEndpointHandler } from '@restatedev/restate-sdk';
import { type Logger, TaskError } from '@summit/maestro-sdk';
import type { EventSink } from '../../interpreter/events.ts';
import type { TaskHost } from '../../interpreter/host.ts';
import { Attempts } from './attempt.ts';
import type { LocalResults } from './local-results.ts';
import { deskService, runService } from './service.ts';

/** How the worker's endpoint listens. */
export interface EndpointOptions {
  host?: string;
  port?: number;
  /** Only requests signed with one of these keys are served. */
  identityKeys?: readonly string[];
  log?: Logger;
  /** Told of invocations that this code cannot go on with, because other code began them. */
  onCodeChanged?: (invocation: string) => void;
  /** See `EngineOptions`. */
  inactivityMs?: number;
  restAfterMs?: number;
  /** Told of runs that end here. */
  results?: LocalResults;
}

const LOST = /^Got abort error from connection/;

/** The HTTP/2 server through which Restate has this worker execute runs. */
export class WorkerEndpoint {
  readonly port: number;
  readonly #server: Http2Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Http2Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Starts listening, by default on a free port of the loopback interface. Throws `PORT_UNAVAILABLE`. */
  static listen(host: TaskHost, sink: EventSink, options: EndpointOptions): Promise<WorkerEndpoint> {
    const attempts = new Attempts();
    return WorkerEndpoint.#listen([runService(host, sink, { ...options, attempts })], options, attempts);
  }

  /** The same for a process that takes decisions and executes nothing. */
  static listenForDecisions(options: EndpointOptions): Promise<WorkerEndpoint> {
    return WorkerEndpoint.#listen([deskService()], options);
  }

  static async #listen(
    services: ReturnType<typeof runService>[],
    options: EndpointOptions,
    attempts = new Attempts(),
  ): Promise<WorkerEndpoint> {
    const sockets = new Set<Socket>();
    const handle = createEndpointHandler({
      services,
      ...(options.identityKeys ? { identityKeys: [...options.identityKeys] } : {}),
      logger: ({ level, replaying }, message, ...rest: unknown[]) => {
        // The SDK reports every attempt that ends early as a warning; those are part of an ordinary restart, as is a connection that is lost.
        if (level !== 'error' || replaying) return;
        const report = LOST.test(String(message)) ? 'info' : 'error';
        options.log?.[report](String(message), { engine: rest.map(String) });
      },
    });
    const server = createServer((request, response) => {
      attempts.open(request);
      handle(request, response);
    });
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
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
    return new WorkerEndpoint(server, sockets);
  }

  /** Stops listening and ends what is still connected. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
