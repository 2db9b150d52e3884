import type { RetryPolicy } from '@summit/maestro-sdk';

/** Something whose time has no limit, and why. */
export interface Unbounded {
  /** `parent/child` */
  task: string;
  why: string;
}

/** The longest that something may take: what is bounded of it in milliseconds, and what is not. */
export interface Bound {
  ms: number;
  unbounded: Unbounded[];
}

/** What holds where neither the plan nor a task's contract says anything. */
export interface EngineDefaults {
  retry?: RetryPolicy;
  /** Milliseconds per attempt of a task that is not durable. */
  timeout?: number;
  /** Items of a `forEach` at the same time. */
  maxParallel?: number;
}

/** Milliseconds of all the waits between the attempts of a task, at their longest: without jitter. */
export function retryWaits(retry: RetryPolicy, defaults: RetryPolicy | undefined): number {
  const { maxAttempts } = retry;
  const { factor = defaults?.factor ?? 1, initialInterval = defaults?.initialInterval ?? 0 } = retry;
  const maxInterval = retry.maxInterval ?? Math.max(defaults?.maxInterval ?? Number.POSITIVE_INFINITY, initialInterval);
  let total = 0;
  let wait = initialInterval;
  for (let attempt = 1; attempt < maxAttempts; attempt++) {
    wait = Math.min(wait, maxInterval);
    // From here on all waits are the same.
    if (wait === maxInterval || wait === 0 || factor === 1) return total + wait * (maxAttempts - attempt);
    total += wait;
    wait *= factor;
  }
  return total;
}

/** What `timeout` makes of something: nothing takes longer. */
export function within(bound: Bound, timeout: number | undefined): Bound {
  if (timeout === undefined) return bound;
  return { ms: bound.unbounded.length > 0 ? timeout : Math.min(bound.ms, timeout), unbounded: [] };
}
