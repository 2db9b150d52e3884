import type { Readable } from 'node:stream';
import { TaskError } from '@summit/maestro-sdk';
import { clientSpan, failedWith, traceHeaders } from '@summit/maestro-sdk/telemetry';
import type { Agent, Dispatcher } from 'undici';
import { type Attempt, requestFailure } from './failure.ts';
import { header } from './headers.ts';
import { nextHop } from './redirect.ts';
import { type Request, whatOf } from './request.ts';
import { shownUrl } from './target.ts';

/** Its response. `body` has to be read or destroyed. */
export interface Response {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Readable;
  /** What was asked in the end, after redirects. */
  request: Request;
}

export interface ExchangeOptions {
  prefix: string;
  repeatable: boolean;
  whyNot: string;
  maxRedirects: number;
  headersTimeoutMs: number;
  /** The origin that is told which trace its requests are part of; absent: none is. */
  traced?: string;
  signal: AbortSignal;
}

/** Sends a request and follows its redirects. Whatever status comes is a response; no response is a `TaskError`. */
export async function exchange(agent: Agent, first: Request, options: ExchangeOptions): Promise<Response> {
  let request = first;
  for (let redirects = 0; ; redirects++) {
    const response = await send(agent, request, options);
    if (options.maxRedirects === 0) return response;
    let next: Request | undefined;
    try {
      next = nextHop(request, response.status, header(response.headers, 'location'), options.prefix);
      if (next !== undefined && redirects === options.maxRedirects) {
        throw TaskError.terminal(
          `${options.prefix}_REDIRECT_LIMIT`,
          `${whatOf(first)}: more than ${options.maxRedirects} redirects, the last one to ${shownUrl(next.url)}`,
        );
      }
    } catch (error) {
      discard(response.body);
      throw error;
    }
    if (next === undefined) return response;
    discard(response.body);
    request = next;
  }
}

/** Gives up a response that is not read: its connection ends with it. */
export function discard(body: Readable): void {
  body.on('error', () => {}).destroy();
}

function send(agent: Agent, request: Request, options: ExchangeOptions): Promise<Response> {
  const { url, method } = request;
  const attributes = {
    'http.request.method': method,
    'url.scheme': url.protocol.slice(0, -1),
    'server.address': url.hostname,
    'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  };
  return clientSpan(method, { attributes }, async (span) => {
    // A header that the caller gave counts.
    const trace = options.traced === url.origin && request.headers.traceparent === undefined ? traceHeaders() : {};
    const response = await sendOnce(agent, request, trace, options);
    span.setAttribute('http.response.status_code', response.status);
    if (response.status >= 400) failedWith(span, response.status);
    return response;
  });
}

async function sendOnce(agent: Agent, request: Request, trace: Record<string, string>, options: ExchangeOptions): Promise<Response> {
  const attempt: Attempt = { prefix: options.prefix, what: whatOf(request), repeatable: options.repeatable, whyNot: options.whyNot };
  const body = request.body?.open(options.signal);
  let bodyFailure: { error: unknown } | undefined;
  if (body !== undefined && 'on' in body) {
    body.on('error', (error) => {
      bodyFailure = { error };
    });
  }
  try {
    const response = await agent.request({
      origin: request.url.origin,
      path: `${request.url.pathname}${request.url.search}`,
      method: request.method as Dispatcher.HttpMethod,
      headers: { ...request.body?.headers, ...trace, ...request.headers },
      body: body ?? null,
      signal: options.signal,
      headersTimeout: options.headersTimeoutMs,
      // The whole call has a limit of its own.
      bodyTimeout: 0,
    });
    return { status: response.statusCode, headers: response.headers, body: response.body, request };
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    // A body that cannot be read ends the request: what is wrong is with the body.
    throw bodyFailure === undefined ? requestFailure(error, attempt) : bodyFailure.error;
  }
}
