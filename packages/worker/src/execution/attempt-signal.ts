import { TimeoutError } from '@summit/maestro-sdk';
import { RunCancelled } from '../interpreter/durable.ts';

/** The worker is stopping: the attempt is given up here and run again, from its start, by the next worker. */
export class WorkerStopping extends Error {
  override name = 'WorkerStopping';
  constructor() {
    super('the worker is stopping; the attempt will run again');
  }
}

/** How long a task that was aborted may take to clean up, in milliseconds. */
const GRACE_MS = 2_000;

/**
 * Runs `work` with a signal that is aborted by `cancelled`, `stopping` or after `timeoutMs`, and waits for it no longer
 * than a grace period after that: a task that ignores its signal cannot hold up the run.
 * Work that still succeeds within the grace period has succeeded.
 */
export async function withAttemptSignal<T>(
  signals: { cancelled: AbortSignal; stopping?: AbortSignal; timeoutMs: number | undefined; what: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { cancelled, stopping, timeoutMs, what } = signals;
  const controller = new AbortController();
  const onCancel = () => controller.abort(new RunCancelled());
  const onStop = () => controller.abort(new WorkerStopping());
  let grace: NodeJS.Timeout | undefined;
  const abandoned = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => {
      grace = setTimeout(reject, GRACE_MS, controller.signal.reason);
    });
  });
  if (cancelled.aborted) onCancel();
  else if (stopping?.aborted) onStop();
  cancelled.addEventListener('abort', onCancel);
  stopping?.addEventListener('abort', onStop);
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => controller.abort(new TimeoutError(`${what} took longer than ${timeoutMs} ms`)), Math.min(timeoutMs, 2 ** 31 - 1));
  try {
    return await Promise.race([work(controller.signal), abandoned]);
  } catch (error) {
    // What it was aborted for says more than how the task put it.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
    cancelled.removeEventListener('abort', onCancel);
    stopping?.removeEventListener('abort', onStop);
  }
}
