import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TaskError } from '@summit/maestro-sdk';

/** What a worker says of itself. */
export interface WorkerHealth {
  status: 'starting' | 'ready' | 'draining';
  version: string;
  pools: string[];
  /** Attempts that are on or wait for their turn. */
  attempts: number;
}

/** The server that orchestrators ask: `/healthz` whether the process works, `/readyz` whether it takes work. */
export class HealthServer {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Throws `PORT_UNAVAILABLE`. */
  static async listen(host: string, port: number, health: () => WorkerHealth): Promise<HealthServer> {
    const server = createServer((request, response) => {
      const { status, ...rest } = health();
      const answer = (code: number) => {
        response.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' });
        response.end(request.method === 'HEAD' ? undefined : `${JSON.stringify({ status, ...rest })}\n`);
      };
      if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405);
      if (request.url === '/healthz') return answer(200);
      if (request.url === '/readyz') return answer(status === 'ready' ? 200 : 503);
      answer(404);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        reject(
          TaskError.terminal('PORT_UNAVAILABLE', `health cannot be served on port ${port} of ${host} (${cause.code ?? cause.message})`, {
            cause,
          }),
        );
      });
      server.listen(port, host, resolve);
    });
    return new HealthServer(server);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}
