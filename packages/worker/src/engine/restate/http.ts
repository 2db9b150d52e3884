import * as http from 'node:http';
import * as https from 'node:https';

/** Where an HTTP API listens: a base URL, or a Unix socket. */
export type Endpoint = { url: string } | { socket: string };

/** An answer with its body as text. */
export interface HttpAnswer {
  status: number;
  body: string;
}

/** What a request is sent with. */
export interface RequestOptions {
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal;
  timeoutMs?: number;
  headers?: Record<string, string>;
}

/** The endpoint did not answer at all: nothing listens, or the connection broke. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

/**
 * One request to a Restate API. Restate's client library speaks `fetch`, which knows no Unix sockets;
 * the embedded server listens on nothing else. Rejects with {@link Unreachable}.
 */
export function request(endpoint: Endpoint, method: string, path: string, options: RequestOptions = {}): Promise<HttpAnswer> {
  const text = options.body === undefined ? undefined : JSON.stringify(options.body);
  const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
  if (text !== undefined) {
    headers['content-type'] = 'application/json';
    headers['content-length'] = String(Buffer.byteLength(text));
  }
  return new Promise((resolve, reject) => {
    const settings: http.RequestOptions = { method, headers };
    if (options.signal) settings.signal = options.signal;
    const sent =
      'socket' in endpoint
        ? http.request({ ...settings, socketPath: endpoint.socket, path, host: 'localhost' })
        : (endpoint.url.startsWith('https:') ? https : http).request(new URL(path.replace(/^\//, ''), withSlash(endpoint.url)), settings);
    if (options.timeoutMs !== undefined) {
      const { timeoutMs } = options;
      sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    }
    const fail = (error: Error) =>
      reject(options.signal?.aborted ? error : new Unreachable(`${where(endpoint)}: ${error.message}`, { cause: error }));
    sent.on('error', fail);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }));
    });
    sent.end(text);
  });
}

/** The endpoint as a person would name it. */
export function where(endpoint: Endpoint): string {
  return 'socket' in endpoint ? endpoint.socket : endpoint.url;
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
