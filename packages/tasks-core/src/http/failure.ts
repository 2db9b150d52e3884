import { isTaskError, TaskError, TimeoutError } from '@summit/maestro-sdk';
import { networkFailure } from '../connection/network-failure.ts';
import { EgressDenied } from '../egress/lookup.ts';
import { howToAllow } from '../egress/rules.ts';
import { NotConnected } from './connector.ts';
import { ProxyRefused } from './tunnel.ts';

/** What is known of a request that failed. */
export interface Attempt {
  /** `HTTP` or `SLACK`: what its codes begin with. */
  prefix: string;
  /** Names the request, e.g. `GET https://api.example.org`. */
  what: string;
  /** Whether it may be sent again although it may have arrived. */
  repeatable: boolean;
  /** Said where it must not be. */
  whyNot: string;
}

/** What a failed request is to the engine: terminal or transient, with a code. */
export function requestFailure(error: unknown, attempt: Attempt): unknown {
  if (isTaskError(error)) return error;
  const { prefix, what } = attempt;
  const denied = find(error, (each) => each instanceof EgressDenied);
  if (denied !== undefined) {
    return TaskError.terminal(
      `${prefix}_EGRESS_DENIED`,
      `${what}: not connected, because ${denied.message}; ${howToAllow(denied.target)}`,
      {
        cause: denied,
        details: { host: denied.target.host, port: denied.target.port, refused: denied.refused },
      },
    );
  }
  const refused = find(error, (each) => each instanceof ProxyRefused);
  if (refused !== undefined) {
    const message = `${what}: ${refused.message}${refused.status === 407 ? '; it asks for other credentials: proxy.username and proxy.password' : ''}`;
    const again = [429, 502, 503, 504].includes(refused.status);
    return again
      ? TaskError.transient(`${prefix}_PROXY`, message, { cause: refused })
      : TaskError.terminal(`${prefix}_PROXY`, message, { cause: refused });
  }
  return networkError(error, attempt);
}

function networkError(error: unknown, attempt: Attempt): unknown {
  const { prefix, what } = attempt;
  const failed = networkFailure(error);
  if (failed === undefined) return protocolError(error, attempt);
  const reason = failed.reason.replace(/\.$/, '');
  if (failed.kind === 'tls') {
    const todo = reason.includes('WRONG_VERSION_NUMBER')
      ? 'what answers there speaks no TLS: is http: meant, or another port?'
      : 'see tls.ca, tls.serverName and the certificate of the server';
    return TaskError.terminal(`${prefix}_TLS`, `${what}: no trusted connection: ${reason}; ${todo}`, { cause: error });
  }
  if (error instanceof NotConnected) {
    const code = failed.kind === 'dns' ? `${prefix}_DNS` : `${prefix}_UNREACHABLE`;
    return TaskError.transient(code, `${what}: ${failed.kind === 'dns' ? 'the name has no address' : 'no connection'}: ${reason}`, {
      cause: error,
    });
  }
  const code = failed.kind === 'timeout' ? `${prefix}_TIMEOUT` : `${prefix}_CUT`;
  return interrupted(
    code,
    `${what}: ${failed.kind === 'timeout' ? 'no answer in time' : 'the connection ended before the response did'}: ${reason}`,
    attempt,
    error,
  );
}

/** The request may have arrived, or may not. */
export function interrupted(code: string, message: string, { repeatable, whyNot }: Attempt, cause?: unknown): TaskError {
  if (!repeatable) return TaskError.terminal(code, `${message}; ${whyNot}`, { cause });
  return code.endsWith('_TIMEOUT') ? new TimeoutError(message, { code, cause }) : TaskError.transient(code, message, { cause });
}

function protocolError(error: unknown, attempt: Attempt): unknown {
  const { code, message, name } = (error ?? {}) as { code?: unknown; message?: unknown; name?: unknown };
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return TaskError.terminal(`${attempt.prefix}_TOO_LARGE`, `${attempt.what}: the headers of the response are larger than 64 KiB`, {
      cause: error,
    });
  }
  // llhttp, undici's parser: what came is no HTTP.
  if (name === 'HTTPParserError' || (typeof code === 'string' && /^UND_ERR_(?:RES_|RESPONSE)/.test(code))) {
    return interrupted(
      `${attempt.prefix}_RESPONSE_MALFORMED`,
      `${attempt.what}: the answer is not HTTP: ${String(message)}`,
      attempt,
      error,
    );
  }
  return error;
}

function find<T extends Error>(error: unknown, is: (each: Error) => each is T): T | undefined;
function find(error: unknown, is: (each: Error) => boolean): Error | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 10; each = each.cause, depth++) if (is(each)) return each;
  return undefined;
}
