import type { JsonObject, Resource } from '@summit/maestro-sdk';
import type { RunError } from '../run.ts';

/** How an attempt ended: what a step remembers. Failures are values, so that no step ever throws. */
export type Outcome = { ok: true; output: unknown; preview?: Preview } | { ok: false; error: TaskFailure };

/** What a task would have done. */
export interface Preview {
  resources: Resource[];
  /** Secrets by name; absent where it is too large to be shown. */
  input?: JsonObject;
}

/** A failure with what the retry decision needs. */
export interface TaskFailure extends RunError {
  retryable: boolean;
  retryAfterMs?: number;
}

/** A failure outcome. */
export function failure(code: string, message: string, extra: Partial<TaskFailure> = {}): Outcome {
  return { ok: false, error: { code, message, retryable: false, ...extra } };
}

/** An error as part of an event: plain JSON. */
export function eventError(error: RunError): JsonObject {
  return JSON.parse(JSON.stringify(error)) as JsonObject;
}

/** Whatever was thrown, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
