import { InvalidInputError, isTaskError, PolicyDeniedError, TimeoutError, TransientError } from './errors.ts';
import type { PolicyDecision, PolicyRequest } from './policy.ts';
import { parseRetryAfter } from './retry-after.ts';

/** A decision is a few words; an answer beyond this, in bytes, is not read. */
const MAX_ANSWER = 64 * 1024;

export interface PolicyClientOptions {
  /** Milliseconds for a whole evaluation, connecting included; default 2,000. */
  timeoutMs?: number;
  /** Sent with every request, e.g. `authorization`. */
  headers?: Record<string, string>;
}

/**
 * Asks a policy decision point over HTTP: `POST {baseUrl}/policy/evaluate`.
 * It fails closed: whatever is not a well-formed answer is an error, and never an allow.
 */
export class PolicyClient {
  readonly #url: URL;
  /** The URL as errors show it: without a query, which may carry a key. */
  readonly #shown: string;
  readonly #headers: Headers;
  readonly #timeoutMs: number;

  /** `baseUrl` is http or https, with or without a path and a final slash. Throws `POLICY_URL_INVALID`. */
  constructor(baseUrl: string | URL, options: PolicyClientOptions = {}) {
    const url = parseUrl(baseUrl);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/policy/evaluate`;
    this.#headers = new Headers({ accept: 'application/json', ...options.headers });
    this.#headers.set('content-type', 'application/json');
    if (url.username !== '' || url.password !== '') {
      // fetch refuses credentials in a URL, where they would also turn up in logs.
      const credentials = new TextEncoder().encode(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`);
      if (!this.#headers.has('authorization')) this.#headers.set('authorization', `Basic ${btoa(String.fromCharCode(...credentials))}`);
      url.username = '';
      url.password = '';
    }
    this.#url = url;
    this.#shown = url.origin + url.pathname;
    this.#timeoutMs = options.timeoutMs ?? 2_000;
    if (!(this.#timeoutMs > 0)) throw new InvalidInputError(`timeoutMs: expected milliseconds above 0, found ${String(options.timeoutMs)}`);
  }

  /**
   * Resolves to what was decided. A `deny` is an answer and no error.
   * Rejects with a `TransientError` `POLICY_UNREACHABLE` (no connection, or one that broke) or `POLICY_UNAVAILABLE` (429, 5xx),
   * a `TimeoutError` `POLICY_TIMEOUT`, a `PolicyDeniedError` `POLICY_REFUSED` (any other status) or `POLICY_ANSWER_INVALID`,
   * or with the reason of `signal` when that is aborted.
   */
  async evaluate(request: PolicyRequest, options: { signal?: AbortSignal } = {}): Promise<PolicyDecision> {
    options.signal?.throwIfAborted();
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
    const body = JSON.stringify(request);
    try {
      const response = await fetch(this.#url, { method: 'POST', headers: this.#headers, body, signal, redirect: 'manual' });
      // Whatever the status, the answer is taken in (or given up), so that its connection can be used again.
      const text = await readText(response);
      if (!response.ok) throw this.#refusal(response, text);
      return this.#decision(text);
    } catch (error) {
      if (isTaskError(error)) throw error;
      if (options.signal?.aborted) throw options.signal.reason;
      if (timeout.aborted) {
        throw new TimeoutError(`policy decision point ${this.#shown} did not answer within ${this.#timeoutMs} ms; nothing was allowed`, {
          code: 'POLICY_TIMEOUT',
          cause: error,
        });
      }
      throw new TransientError(`policy decision point ${this.#shown} cannot be reached: ${reasonOf(error)}; nothing was allowed`, {
        code: 'POLICY_UNREACHABLE',
        cause: error,
      });
    }
  }

  #refusal(response: Response, text: string | undefined): Error {
    const { status } = response;
    const said = text === undefined || text.trim() === '' ? '' : `: ${excerpt(text)}`;
    if (status === 429 || status >= 500) {
      const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'));
      return new TransientError(`policy decision point ${this.#shown} answered ${status}${said}; nothing was allowed`, {
        code: 'POLICY_UNAVAILABLE',
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    }
    const hint = status >= 300 && status < 400 ? '; redirects are not followed, give its final URL' : '; check its URL and credentials';
    return new PolicyDeniedError(`policy decision point ${this.#shown} answered ${status}${said}${hint}`, { code: 'POLICY_REFUSED' });
  }

  #decision(text: string | undefined): PolicyDecision {
    if (text === undefined) throw this.#invalid(`more than ${MAX_ANSWER} bytes`);
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch (cause) {
      throw this.#invalid(excerpt(text), cause);
    }
    if (typeof answer !== 'object' || answer === null || !Object.hasOwn(answer, 'decision')) throw this.#invalid(excerpt(text));
    const { decision, reason } = answer as { decision: unknown; reason?: unknown };
    if (decision !== 'allow' && decision !== 'deny') throw this.#invalid(excerpt(text));
    if (reason === undefined || reason === null) return { decision };
    if (typeof reason !== 'string') throw this.#invalid(excerpt(text));
    return { decision, reason };
  }

  #invalid(found: string, cause?: unknown): PolicyDeniedError {
    return new PolicyDeniedError(
      `policy decision point ${this.#shown} answered something else than { "decision": "allow" | "deny", "reason"?: text }: ${found === '' ? 'nothing' : found}`,
      { code: 'POLICY_ANSWER_INVALID', cause },
    );
  }
}

function parseUrl(baseUrl: string | URL): URL {
  let url: URL | undefined;
  try {
    url = new URL(baseUrl);
  } catch {
    // What is wrong with it is said below, without showing what may hold a password.
  }
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  const found = url === undefined ? 'something that is no URL' : `the scheme "${url.protocol}"`;
  throw new InvalidInputError(`policy decision point: expected a URL such as https://sig.example/api, found ${found}`, {
    code: 'POLICY_URL_INVALID',
  });
}

/** The body, or undefined when it is longer than any answer. */
async function readText(response: Response): Promise<string | undefined> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_ANSWER) return undefined;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

/** fetch says "fetch failed"; what happened is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors.length > 0) return cause.errors.map(reasonOf).join(', ');
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
