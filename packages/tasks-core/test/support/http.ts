import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request as a server saw it. */
export interface Seen {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** An HTTP server of a test, on loopback. */
export interface TestServer extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  url: string;
  port: number;
  /** What was asked, in order, bodies included. */
  requests: Seen[];
  /** Connections that are open. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

export type Answer = (request: Seen, response: ServerResponse, count: number) => unknown;

/** Serves `answer` until it is disposed of; with `tls` over https. */
export async function serve(answer: Answer, tls?: ServerOptions): Promise<TestServer> {
  const requests: Seen[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A client that goes away in the middle is what some tests are about.
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => {
      const seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      requests.push(seen);
      answer(seen, response, requests.length);
    });
  };
  const server: Server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  server.keepAliveTimeout = 10_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count)))),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Answers with JSON. */
export function json(response: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

/** A port nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = await serve(() => {});
  await server.close();
  return server.port;
}
