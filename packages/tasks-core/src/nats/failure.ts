import { InvalidInputError, isTaskError, TaskError, TransientError } from '@summit/maestro-sdk';
import { networkFailure } from '../connection/network-failure.ts';
import type { Credentials } from './auth.ts';

const AUTH = new Set(['AUTHORIZATION_VIOLATION', 'AUTHENTICATION_EXPIRED', 'ACCOUNT_EXPIRED', 'BAD_AUTHENTICATION']);

/** An error worth another attempt: no connection came about. */
export function unreachable(servers: readonly string[], reason: string, cause?: unknown): TaskError {
  return new TransientError(`NATS ${servers.join(', ')}: ${reason}`, {
    code: 'NATS_UNREACHABLE',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Sorts why no connection came about. */
export function connectFailure(error: unknown, servers: readonly string[], auth: Credentials | undefined): unknown {
  if (isTaskError(error)) return error;
  const { code, message } = nats(error);
  const at = `NATS ${servers.join(', ')}`;
  const terminal = (as: string, text: string) => TaskError.terminal(as, `${at}: ${text}`, { cause: error });
  if (AUTH.has(code)) return terminal('NATS_AUTH_FAILED', `the server refused the login ${loginOf(auth)}: ${message}`);
  if (code === 'SERVER_OPT_NA') {
    return terminal(
      'NATS_TLS',
      'the two sides disagree about encryption: tls asks for it where the server has none, or refuses it where the server demands it',
    );
  }
  const network = networkFailure(error) ?? networkFailure((error as { chainedError?: unknown })?.chainedError);
  if (network?.kind === 'tls' || code === 'TLS') {
    return terminal('NATS_TLS', `no trusted encrypted connection: ${network?.reason ?? message}; see tls (ca, cert and key, serverName)`);
  }
  return unreachable(servers, network?.reason ?? (message || 'the connection was closed before the server had said anything'), error);
}

/** The connection ended while messages were under way. */
export function connectionLost(reason: unknown): TaskError {
  const why = networkFailure(reason)?.reason ?? (nats(reason).message || 'closed');
  return new TransientError(`NATS: the connection was lost in the middle (${why}); whether the last messages arrived is not known`, {
    code: 'NATS_CONNECTION_LOST',
    cause: reason,
  });
}

/** The user may not do this, now or later. */
export function notPermitted(operation: string, subject: string, inbox: boolean): TaskError {
  const what = operation === 'publish' ? `publish to "${subject}"` : `subscribe to "${subject}"`;
  const why = inbox ? ', where JetStream would answer to; inboxPrefix names another place' : '';
  return TaskError.terminal('NATS_PERMISSION', `NATS: the user may not ${what}${why}`);
}

/** A message that cannot be sent as it is. */
export function invalidMessage(where: string, problem: string, index: number): InvalidInputError {
  return new InvalidInputError(`${where}: ${problem}`, { code: 'NATS_MESSAGE_INVALID', details: { index } });
}

/** Sorts what the library throws when a message is handed to it. */
export function publishFailure(error: unknown, signal: AbortSignal): unknown {
  if (isTaskError(error) || signal.aborted) return error;
  const { code } = nats(error);
  if (code === 'CONNECTION_CLOSED' || code === 'DISCONNECT' || code === 'CONNECTION_DRAINING') return connectionLost(error);
  return error;
}

/** True for errors after which the connection is of no further use. */
export function isBroken(error: unknown): boolean {
  return isTaskError(error) && ['NATS_CONNECTION_LOST', 'NATS_TIMEOUT'].includes(error.code);
}

function loginOf(auth: Credentials | undefined): string {
  if (auth === undefined) return 'without credentials (auth is not given)';
  if ('user' in auth) return 'with user and password';
  if ('token' in auth) return 'with a token';
  return 'nkeySeed' in auth ? 'with an nkey' : 'with a credentials file';
}

function nats(error: unknown): { code: string; message: string } {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return { code: typeof code === 'string' ? code : '', message: typeof message === 'string' ? message : '' };
}
