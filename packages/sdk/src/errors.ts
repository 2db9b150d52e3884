/** Brand shared by all copies of this package, so that errors are recognised across versions. */
const TASK_ERROR = Symbol.for('@summit/maestro-sdk/TaskError');

/** How a {@link TaskError} is made. */
export interface TaskErrorOptions {
  /** Stable, documented code, e.g. `KAFKA_TOPIC_UNKNOWN`. */
  code: string;
  /** Whether the same call may succeed later. */
  retryable: boolean;
  /** What the service asked us to wait before trying again, in milliseconds. */
  retryAfterMs?: number;
  /** Structured facts for the person who can act; never a secret. */
  details?: unknown;
  cause?: unknown;
}

/**
 * The one error a task throws on purpose. The engine retries it only when `retryable`.
 * Anything else that is thrown becomes a terminal `TASK_FAILED`.
 */
export class TaskError extends Error {
  override name = 'TaskError';
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly details?: unknown;

  constructor(message: string, options: TaskErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.retryable = options.retryable;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
    if (options.details !== undefined) this.details = options.details;
    Object.defineProperty(this, TASK_ERROR, { value: true });
  }

  /** An error that will not go away by trying again. */
  static terminal(code: string, message: string, options: Omit<TaskErrorOptions, 'code' | 'retryable' | 'retryAfterMs'> = {}): TaskError {
    return new TaskError(message, { ...options, code, retryable: false });
  }

  /** An error worth another attempt. */
  static transient(code: string, message: string, options: Omit<TaskErrorOptions, 'code' | 'retryable'> = {}): TaskError {
    return new TaskError(message, { ...options, code, retryable: true });
  }
}

/** True for a {@link TaskError} of this or any other copy of the SDK. */
export function isTaskError(error: unknown): error is TaskError {
  return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[TASK_ERROR] === true;
}

/** The input is wrong; no retry can mend it. */
export class InvalidInputError extends TaskError {
  override name = 'InvalidInputError';
  constructor(message: string, options: { code?: string; details?: unknown; cause?: unknown } = {}) {
    super(message, { code: 'INVALID_INPUT', ...options, retryable: false });
  }
}

/** Policy said no, or could not be asked. */
export class PolicyDeniedError extends TaskError {
  override name = 'PolicyDeniedError';
  constructor(message: string, options: { code?: string; details?: unknown; cause?: unknown } = {}) {
    super(message, { code: 'POLICY_DENIED', ...options, retryable: false });
  }
}

/** Something outside failed in a way that may pass. */
export class TransientError extends TaskError {
  override name = 'TransientError';
  constructor(message: string, options: { code?: string; retryAfterMs?: number; details?: unknown; cause?: unknown } = {}) {
    super(message, { code: 'TRANSIENT', ...options, retryable: true });
  }
}

/** An attempt took longer than it was given; another one may be faster. */
export class TimeoutError extends TaskError {
  override name = 'TimeoutError';
  constructor(message: string, options: { code?: string; details?: unknown; cause?: unknown } = {}) {
    super(message, { code: 'TIMEOUT', ...options, retryable: true });
  }
}
