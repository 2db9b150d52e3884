import { InvalidInputError } from './errors.ts';

/** The longest a single timer can wait, in milliseconds; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** `promise`, or a rejection with the signal's reason as soon as that is aborted. Leaves no listener behind. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    const settled = () => signal.removeEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(settled);
  });
}

/** Resolves after `ms` milliseconds of real time; rejects at once with the signal's reason when that is aborted. */
export async function abortableSleep(ms: number, signal: AbortSignal): Promise<void> {
  if (typeof ms !== 'number' || Number.isNaN(ms) || ms < 0) throw new InvalidInputError(`sleep: ms must be >= 0, found ${String(ms)}`);
  signal.throwIfAborted();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await orAbort(
      new Promise<void>((resolve) => {
        const end = Date.now() + ms;
        const wait = (left: number) => {
          timer = setTimeout(left > LONGEST_TIMER_MS ? () => wait(end - Date.now()) : resolve, Math.min(left, LONGEST_TIMER_MS));
        };
        wait(ms);
      }),
      signal,
    );
  } finally {
    clearTimeout(timer);
  }
}

/**
 * `source`, ended with the signal's reason as soon as that is aborted, also while its next chunk is awaited.
 * A source that does not answer any more cannot hold up the caller.
 */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const next = await orAbort(iterator.next(), signal);
      if (next.done) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } catch (error) {
    // It ended itself by throwing, unless it was we who were told to stop.
    ended = !signal?.aborted;
    throw error;
  } finally {
    if (!ended) {
      // A stream of Node ends only when it is told; what it waits for is let go.
      if (signal?.aborted) (source as { destroy?: () => void }).destroy?.();
      const returned = Promise.resolve(iterator.return?.());
      // A source that hangs would hang here too: one that was aborted ends when it can, and the caller has its error already.
      if (signal?.aborted) returned.catch(() => {});
      else await returned;
    }
  }
}
