import { parseRetryAfter, TaskError, TimeoutError, TransientError } from '@summit/maestro-sdk';
import { networkFailure } from '../connection/network-failure.ts';
import type { Endpoint } from './endpoint.ts';

/** Characters of an answer that an error shows. */
const EXCERPT = 300;
/** What is shorter is no secret, and would blank out ordinary words. */
const SHORTEST_SECRET = 4;

/** The error of an answer whose status is no success. `what`: the operation, e.g. `POST /ingest/batch`. */
export function refusal(endpoint: Endpoint, what: string, status: number, headers: Record<string, unknown>, text: string): TaskError {
  const message = `${endpoint.name} answered ${status} to ${what}${reasonIn(endpoint, text)}`;
  const retryAfterMs = parseRetryAfter(typeof headers['retry-after'] === 'string' ? headers['retry-after'] : undefined);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === 429) return new TransientError(message, { code: 'SIG_RATE_LIMITED', ...wait });
  if (status === 408 || (status >= 500 && status !== 501 && status !== 505)) {
    return new TransientError(message, { code: 'SIG_UNAVAILABLE', ...wait });
  }
  if (status === 401 || status === 403) {
    return TaskError.terminal(
      'SIG_UNAUTHORIZED',
      `${message}; ${endpoint.token === undefined ? 'no token was sent, see auth' : 'check the token'}`,
    );
  }
  if (status >= 300 && status < 400)
    return TaskError.terminal('SIG_REJECTED', `${message}; redirects are not followed, give its final URL`);
  if (status === 413) return TaskError.terminal('SIG_BATCH_TOO_LARGE', `${message}; lower batchSize or maxBatchBytes`);
  return TaskError.terminal('SIG_REJECTED', message);
}

/** The error of a request that got no answer. */
export function noAnswer(endpoint: Endpoint, what: string, cause: unknown): TaskError {
  const failure = networkFailure(cause);
  const at = endpoint.name;
  switch (failure?.kind) {
    case 'tls':
      return TaskError.terminal('SIG_TLS_FAILED', `${at} cannot be trusted: ${failure.reason}`, { cause });
    case 'refused':
    case 'dns':
      return new TransientError(`${at} cannot be reached: ${failure.reason}`, { code: 'SIG_UNREACHABLE', cause });
    case 'timeout':
      return new TransientError(`${at} was not connected to within ${endpoint.connectTimeoutMs} ms`, { code: 'SIG_UNREACHABLE', cause });
    case 'cut':
      return new TransientError(`${at} ended the connection before it answered ${what}: ${failure.reason}`, {
        code: 'SIG_CONNECTION_LOST',
        cause,
      });
    default: {
      const reason = cause instanceof Error ? cause.message : String(cause);
      return new TransientError(`${what} of ${at} failed: ${reason}`, { code: 'SIG_CONNECTION_LOST', cause });
    }
  }
}

export function late(endpoint: Endpoint, what: string): TimeoutError {
  return new TimeoutError(`${endpoint.name} did not answer ${what} within ${endpoint.timeoutMs} ms`, { code: 'SIG_TIMEOUT' });
}

/** An answer that is something else than was agreed on. One that is cut or garbled may be better the next time; `terminal`: one that says something else. */
export function strangeAnswer(
  endpoint: Endpoint,
  what: string,
  problem: string,
  options: { terminal: boolean; cause?: unknown },
): TaskError {
  const message = `${endpoint.name} answered ${what} with something unexpected: ${problem}`;
  const { terminal, cause } = options;
  return new TaskError(message, { code: 'SIG_ANSWER_INVALID', retryable: !terminal, ...(cause === undefined ? {} : { cause }) });
}

/** What the server says is wrong, from `{ error: { message } }`, `{ message }`, a problem document, or the text itself. */
function reasonIn(endpoint: Endpoint, text: string): string {
  let said: unknown;
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    const error = value?.error;
    said =
      (typeof error === 'object' ? (error as { message?: unknown } | null)?.message : error) ??
      value?.message ??
      value?.detail ??
      value?.title;
  } catch {
    // A page for people: its text says what there is to say.
  }
  const line = (typeof said === 'string' ? said : text).replace(/\s+/g, ' ').trim();
  return line === '' ? '' : `: ${excerpt(endpoint, line)}`;
}

/** The beginning of what was answered, without the token, which some servers repeat in their complaints. */
export function excerpt({ token }: Endpoint, text: string): string {
  const shown = token === undefined || token.length < SHORTEST_SECRET ? text : text.replaceAll(token, '[redacted]');
  return shown.length > EXCERPT ? `${shown.slice(0, EXCERPT)}…` : shown;
}
