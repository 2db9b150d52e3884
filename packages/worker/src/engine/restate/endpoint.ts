import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { createEndpointHandler } from '@restatedev/restate-sdk';
import { type Logger, TaskError } from '@summit/maestro-sdk';
import { IdleMemory } from '../../execution/idle-memory.ts';
import type { EventSink } from '../../interpreter/events.ts';
import type { TaskHost } from '../../interpreter/host.ts';
import { Attempts } from './attempt.ts';
import { deskService, runService, type ServiceOptions } from './service.ts';

/** How the worker's endpoint listens. */
export interface EndpointOptions extends Pick<ServiceOptions, 'inactivityMs' | 'restAfterMs' | 'results' | 'onCodeChanged'> {
  host?: string;
  port?: number;
  /** Only requests signed with one of these keys are served. */
  identityKeys?: readonly string[];
  log?: Logger;
}

const LOST = /^Got abort error from connection/;
/** A service of the Restate SDK. */
export type Service = NonNullable<Parameters<typeof createEndpointHandler>[0]>['services'][number];

/** The HTTP/2 server through which Restate has this worker execute runs. */
export class WorkerEndpoint {
  readonly port: number;
  readonly #server: Http2Server;
  readonly #sockets: Set<Socket>;
  readonly #sessions: Set<ServerHttp2Session>;
  #closed: Promise<void> | undefined;

  private constructor(server: Http2Server, sockets: Set<Socket>, sessions: Set<ServerHttp2Session>) {
    this.#server = server;
    this.#sockets = sockets;
    this.#sessions = sessions;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Starts listening, by default on a free port of the loopback interface. Throws `PORT_UNAVAILABLE`. */
  static listen(host: TaskHost, sink: EventSink, options: EndpointOptions): Promise<WorkerEndpoint> {
    const attempts = new Attempts();
    return WorkerEndpoint.serve([runService(host, sink, { ...options, attempts })], options, attempts);
  }

  /** The same for a process that takes decisions and executes nothing. */
  static listenForDecisions(options: EndpointOptions): Promise<WorkerEndpoint> {
    return WorkerEndpoint.serve([deskService()], options);
  }

  /** The same for any services; `attempts` is told of every request. */
  static async serve(services: Service[], options: EndpointOptions, attempts = new Attempts()): Promise<WorkerEndpoint> {
    const sockets = new Set<Socket>();
    const sessions = new Set<ServerHttp2Session>();
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
    const memory = new IdleMemory(options.log);
    const server = createServer((request, response) => {
      memory.used();
      attempts.open(request);
      handle(request, response);
    });
    server.on('close', () => memory.close());
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
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
    return new WorkerEndpoint(server, sockets, sessions);
  }

  /** Takes no new requests; those that are on go on. Behind a balancer the next ones reach another worker. */
  refuse(): void {
    this.#closed ??= new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
  }

  /** Stops listening and ends what is still connected. */
  async close(): Promise<void> {
    this.refuse();
    for (const socket of this.#sockets) socket.destroy();
    await this.#closed;
  }
}
