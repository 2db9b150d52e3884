import { isTaskError } from '@summit/maestro-sdk';
import type { TaskFailure } from '../interpreter/outcome.ts';

/** Longest message kept, in characters: an error page in a message must not fill the history. */
const MAX_MESSAGE = 4_000;
/** Largest `details` kept, in characters of JSON. */
const MAX_DETAILS = 32_000;

/**
 * Whatever a task threw, as a failure that is remembered: a `TaskError` says itself what it is,
 * anything else (an `Error`, a string, nothing at all) is terminal, because nobody said it may be repeated.
 */
export function toFailure(thrown: unknown): TaskFailure {
  if (isTaskError(thrown)) {
    const failure: TaskFailure = { code: thrown.code, message: cut(withCause(thrown)), retryable: thrown.retryable };
    if (thrown.retryAfterMs !== undefined) failure.retryAfterMs = thrown.retryAfterMs;
    const details = plain(thrown.details);
    if (details !== undefined) failure.details = details;
    return failure;
  }
  if (thrown instanceof Error) return { code: 'TASK_FAILED', message: cut(withCause(thrown)), retryable: false };
  const text = typeof thrown === 'string' ? thrown : (JSON.stringify(plain(thrown)) ?? String(thrown));
  return { code: 'TASK_FAILED', message: cut(`the task threw ${text}, which is not an Error`), retryable: false };
}

function withCause(error: Error): string {
  const name = error.message === '' ? error.name : error.message;
  const { cause } = error;
  if (!(cause instanceof Error) || cause.message === '' || name.includes(cause.message)) return name;
  return `${name} (${cause.message})`;
}

function cut(text: string): string {
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}… (${text.length} characters)` : text;
}

function plain(value: unknown): unknown {
  if (value === undefined) return undefined;
  try {
    const text = JSON.stringify(value);
    if (text === undefined) return undefined;
    return text.length > MAX_DETAILS ? { truncated: true, characters: text.length } : (JSON.parse(text) as unknown);
  } catch {
    // Details are for reading only; ones that are no JSON (cycles, bigint) are worth less than the error itself.
    return undefined;
  }
}
