import type { TaskError } from '@summit/maestro-sdk';
import { orAbort } from '@summit/maestro-sdk/abort';

/** The longest a single timer can wait, in milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs `work` with a signal that is aborted with the run's, or with `late()` after `ms` milliseconds, and rejects with that reason at once:
 * a client that ignores its signal cannot hold up the caller, and what it says later is nobody's concern.
 */
export async function withDeadline<T>(
  signal: AbortSignal,
  ms: number,
  late: () => TaskError,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => controller.abort(late()), Math.min(ms, LONGEST_TIMER_MS));
  try {
    return await orAbort(work(controller.signal), controller.signal);
  } catch (error) {
    // Why it was aborted says more than how the client put it.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
