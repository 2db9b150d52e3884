import type { S3Client } from '@aws-sdk/client-s3';
import { type TaskError, TimeoutError } from '@summit/maestro-sdk';
import { abortableSleep } from '@summit/maestro-sdk/abort';
import { withDeadline } from '../connection/deadline.ts';
import { objectName, s3Failure, type Target } from './failure.ts';

/** Attempts of one request within a call; the run's own retries come on top. */
const ATTEMPTS = 3;
/** The wait before the second attempt, at most; each further one is twice as long. Milliseconds. */
const FIRST_WAIT_MS = 100;

/** What is sent with every command. */
export interface SendOptions {
  abortSignal: AbortSignal;
}

/** How one request of a call is made. */
export interface RequestOptions {
  /** Instead of the call's own. */
  signal?: AbortSignal;
  /** Milliseconds for all attempts together. Default: the call's; Infinity where content is sent, whose silence the socket notices. */
  withinMs?: number;
  attempts?: number;
}

/** Requests about one object: each is tried again where that may help, bounded in time, and fails with an error that names the object. */
export class S3Call {
  readonly client: S3Client;
  readonly target: Target;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;

  constructor(client: S3Client, target: Target, signal: AbortSignal, timeoutMs: number) {
    this.client = client;
    this.target = target;
    this.signal = signal;
    this.timeoutMs = timeoutMs;
  }

  /** Runs `work`, which sends one command, until it succeeds or there is no point in going on. */
  async request<T>(work: (client: S3Client, options: SendOptions) => Promise<T>, options: RequestOptions = {}): Promise<T> {
    const { signal = this.signal, withinMs = this.timeoutMs, attempts = ATTEMPTS } = options;
    let last: TaskError | undefined;
    // What an attempt failed with says more than that there was no time for another.
    const late = () => last ?? new TimeoutError(`${objectName(this.target)}: no answer within ${withinMs} ms`, { code: 'S3_TIMEOUT' });
    return withDeadline(signal, withinMs, late, (limited) =>
      this.#attempt(work, limited, attempts, (failure) => {
        last = failure;
      }),
    );
  }

  async #attempt<T>(
    work: (client: S3Client, options: SendOptions) => Promise<T>,
    signal: AbortSignal,
    attempts: number,
    failed: (failure: TaskError) => void,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(this.client, { abortSignal: signal });
      } catch (error) {
        signal.throwIfAborted();
        const failure = s3Failure(error, this.target);
        // Silence has used up the time already; the rest is over in a moment or not at all.
        const again = failure.retryable && attempt < attempts && failure.code !== 'S3_TIMEOUT';
        if (!again) throw failure;
        failed(failure);
        const wait = failure.retryAfterMs ?? Math.random() * FIRST_WAIT_MS * 2 ** (attempt - 1);
        await abortableSleep(wait, signal);
      }
    }
  }
}
