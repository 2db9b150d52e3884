import { isTaskError, type RunContext, type TaskError } from '@summit/maestro-sdk';
import { abortableSleep } from '@summit/maestro-sdk/abort';
import { clientSpan, failedWith, traceHeaders } from '@summit/maestro-sdk/telemetry';
import { withDeadline } from '../connection/deadline.ts';
import type { Connection } from '../connection/pooled.ts';
import { type SigClient, type SigResponse, sigClient } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import { excerpt, late, noAnswer, refusal, strangeAnswer } from './failures.ts';
import { contextHeaders } from './headers.ts';

/** An answer is receipts or a status; one beyond this, in bytes, is not read. */
const MAX_ANSWER = 64 * 1024 * 1024;
/** How often a request is made in one call; what fails for longer is left to the retry of the task. */
const ATTEMPTS = 4;
/** Milliseconds before the second attempt; each further wait is twice as long. */
const FIRST_WAIT_MS = 200;

export interface SigRequest {
  method: 'GET' | 'POST';
  /** Below the endpoint, with a slash at its beginning. */
  path: string;
  /** JSON. */
  body?: Buffer;
  /** Makes a repetition safe. */
  idempotencyKey?: string;
  /** Shown in errors where the path alone does not say it. */
  what?: string;
}

/** SIG as a call sees it: requests with the headers of the run, repeated where that may help. */
export class SigSession {
  readonly endpoint: Endpoint;
  readonly #connection: Connection<SigClient>;
  readonly #headers: Record<string, string>;

  private constructor(endpoint: Endpoint, connected: Connection<SigClient>, headers: Record<string, string>) {
    this.endpoint = endpoint;
    this.#connection = connected;
    this.#headers = headers;
  }

  static async open(ctx: RunContext, endpoint: Endpoint): Promise<SigSession> {
    const headers = { ...contextHeaders(ctx), ...(endpoint.token === undefined ? {} : { authorization: `Bearer ${endpoint.token}` }) };
    return new SigSession(endpoint, await sigClient(ctx, endpoint), headers);
  }

  /**
   * The JSON that a request is answered with, within the time that a request may take. 408, 429, 5xx, and connections that broke are tried again
   * as far as that time goes, after `Retry-After` where it is given; the request must be one that may be made twice.
   */
  async json(request: SigRequest, signal: AbortSignal): Promise<unknown> {
    const { timeoutMs } = this.endpoint;
    const end = performance.now() + timeoutMs;
    let last: TaskError | undefined;
    const work = async (limited: AbortSignal) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#once(request, limited);
        } catch (error) {
          if (limited.aborted || !isTaskError(error)) throw error;
          last = error;
          const wait = attempt < ATTEMPTS ? waitBefore(attempt, error) : undefined;
          if (wait === undefined || performance.now() + wait > end) throw error;
          await abortableSleep(wait, limited);
        }
      }
    };
    // What was answered before time ran out says more than that it did.
    return withDeadline(signal, timeoutMs, () => last ?? late(this.endpoint, nameOf(request)), work);
  }

  /** A request whose answer is read by `work`, with no limit but that it may not rest for longer than a request may take. Not repeated. */
  async stream<R>(request: SigRequest, signal: AbortSignal, work: (response: SigResponse) => Promise<R>): Promise<R> {
    const what = nameOf(request);
    return this.#connection.use(signal, async (client) => {
      try {
        const response = await this.#send(client, request, signal);
        if (response.statusCode !== 200) {
          throw refusal(this.endpoint, what, response.statusCode, response.headers, (await readText(response)) ?? '');
        }
        return await work(response);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw isTaskError(error) ? error : this.#failed(what, error);
      }
    });
  }

  async #once(request: SigRequest, signal: AbortSignal): Promise<unknown> {
    const what = nameOf(request);
    return this.#connection.use(signal, async (client) => {
      try {
        const response = await this.#send(client, request, signal);
        const text = await readText(response);
        const { statusCode, headers } = response;
        if (statusCode < 200 || statusCode >= 300) throw refusal(this.endpoint, what, statusCode, headers, text ?? '');
        if (text === undefined) throw strangeAnswer(this.endpoint, what, `more than ${MAX_ANSWER} bytes`, { terminal: true });
        return this.#parse(what, text);
      } catch (error) {
        throw isTaskError(error) ? error : this.#failed(what, error);
      }
    });
  }

  #send({ agent, request }: SigClient, { method, path, body, idempotencyKey }: SigRequest, signal: AbortSignal): Promise<SigResponse> {
    const { base, timeoutMs } = this.endpoint;
    // Where SIG is may be a secret, and the paths of what it hands out as well: only what is asked to be done is told.
    const operation = method === 'POST' ? path : '/exports';
    const attributes = { 'http.request.method': method, 'peer.service': 'sig', 'url.path': operation };
    return clientSpan(`SIG ${method} ${operation}`, { attributes }, async (span) => {
      const response = await request(base + path, {
        dispatcher: agent,
        method,
        headers: {
          accept: 'application/json',
          ...traceHeaders(),
          ...this.#headers,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
        ...(body === undefined ? {} : { body }),
        signal,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
      span.setAttribute('http.response.status_code', response.statusCode);
      if (response.statusCode >= 400) failedWith(span, response.statusCode);
      return response;
    });
  }

  #failed(what: string, error: unknown): TaskError {
    const { code } = error as { code?: unknown };
    if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return late(this.endpoint, what);
    return noAnswer(this.endpoint, what, error);
  }

  #parse(what: string, text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw strangeAnswer(this.endpoint, what, text === '' ? 'nothing' : `no JSON: ${excerpt(this.endpoint, text)}`, {
        terminal: false,
        cause,
      });
    }
  }
}

function nameOf({ what, method, path }: SigRequest): string {
  return what ?? `${method} ${path}`;
}

/** Milliseconds to wait before another attempt; undefined when another is of no use here. */
function waitBefore(attempt: number, error: TaskError): number | undefined {
  // A server that let a whole request time out is given its rest by the engine.
  if (!error.retryable || error.code === 'SIG_TIMEOUT') return undefined;
  if (error.retryAfterMs !== undefined) return error.retryAfterMs;
  return FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
}

/** The body as text; undefined when it is longer than any answer. It is read to its end or let go of, so that its connection is free again. */
async function readText({ body }: SigResponse): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
