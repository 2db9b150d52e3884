import * as http from 'node:http';
import * as https from 'node:https';

/** Where an HTTP API listens: a base URL, several of which any may be asked, or a Unix socket. */
export type Endpoint = { url: string } | { socket: string } | Nodes;

/** The nodes of a cluster. */
export interface Nodes {
  urls: readonly string[];
  /** Which of them is asked: the one that answered last. */
  at: number;
}

/** The endpoint for one base URL or several. */
export function endpointOf(url: string | readonly string[]): Endpoint {
  const urls = [url].flat();
  return urls.length === 1 ? { url: urls[0] as string } : { urls, at: 0 };
}

/** How long a node of several may take to answer what has a time limit, in milliseconds. */
const NODE_MS = 5_000;
/** After how long an answer that is waited for is asked of another node, in milliseconds: a node that is cut off never says so. */
const WATCH_MS = 15_000;

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
 * One request to a Restate API, of several nodes to the first that answers: it must be one that may be repeated. Restate's client
 * library speaks `fetch`, which knows no Unix sockets; the embedded server listens on nothing else. Rejects with {@link Unreachable}.
 */
export async function request(endpoint: Endpoint, method: string, path: string, options: RequestOptions = {}): Promise<HttpAnswer> {
  if (!('urls' in endpoint)) return requestOne(endpoint, method, path, options);
  const timeoutMs = options.timeoutMs === undefined ? WATCH_MS : Math.min(options.timeoutMs, NODE_MS);
  for (let tried = 1; ; tried++) {
    const { at, urls } = endpoint;
    const next = () => {
      // Another request may have moved on meanwhile.
      if (endpoint.at === at) endpoint.at = (at + 1) % urls.length;
    };
    try {
      const answer = await requestOne({ url: urls[at] as string }, method, path, { ...options, timeoutMs });
      if (answer.status < 502 || answer.status > 504) return answer;
      next();
      if (tried >= urls.length) return answer;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      next();
      if (tried >= urls.length) throw error;
    }
  }
}

function requestOne(endpoint: Exclude<Endpoint, Nodes>, method: string, path: string, options: RequestOptions): Promise<HttpAnswer> {
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
  if ('urls' in endpoint) return endpoint.urls.join(', ');
  return 'socket' in endpoint ? endpoint.socket : endpoint.url;
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
