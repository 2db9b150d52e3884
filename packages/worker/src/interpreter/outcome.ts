import type { RunError } from '../run.ts';

/** How an attempt, or a task, ended: what a step remembers. Failures are values, so that no step ever throws. */
export type Outcome = { ok: true; output: unknown } | { ok: false; error: TaskFailure };

/** A failure with what the retry decision needs. */
export interface TaskFailure extends RunError {
  retryable: boolean;
  retryAfterMs?: number;
}

/** A failure outcome. */
export function failure(code: string, message: string, extra: Partial<TaskFailure> = {}): Outcome {
  return { ok: false, error: { code, message, retryable: false, ...extra } };
}
