import type { RetryPolicy } from '@summit/maestro-sdk';

/** In force where neither the manifest nor the task says otherwise; only errors marked retryable are repeated. */
export const DEFAULT_RETRY: Required<RetryPolicy> = { maxAttempts: 3, initialInterval: 1_000, maxInterval: 60_000, factor: 2 };

/**
 * Milliseconds to wait after the failed attempt number `attempt` (from 1): exponential, between half and the whole of
 * the interval. The jitter comes from `seed`, not from chance, because a replay must compute the same wait.
 */
export function backoff(policy: RetryPolicy, attempt: number, seed: string): number {
  const initial = policy.initialInterval ?? DEFAULT_RETRY.initialInterval;
  const max = policy.maxInterval ?? Math.max(DEFAULT_RETRY.maxInterval, initial);
  const factor = policy.factor ?? DEFAULT_RETRY.factor;
  const interval = Math.min(max, initial * factor ** (attempt - 1));
  return Math.round(interval * (0.5 + fraction(`${seed}#${attempt}`) / 2));
}

/** A number in [0, 1) that depends on `text` only (FNV-1a). */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
