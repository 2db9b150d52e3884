/**
 * Does `work` on up to `width` things of `source` at once, and yields what becomes of them in their order. A failure ends it: what is still being
 * worked on is aborted and awaited before it is told. Reads no further ahead than it works.
 */
export async function* inOrder<T, R>(
  source: AsyncIterable<T>,
  width: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', onAbort, { once: true });
  const iterator = source[Symbol.asyncIterator]();
  const running: Promise<R>[] = [];
  let more = true;
  try {
    for (;;) {
      while (more && running.length < width) {
        const next = await iterator.next();
        if (next.done) more = false;
        else running.push(handled(work(next.value, stop.signal)));
      }
      const first = running.shift();
      if (first === undefined) return;
      yield await first;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    stop.abort(new Error('given up'));
    await Promise.allSettled(running);
    if (more) await iterator.return?.();
  }
}

/** A failure is told when its turn comes, and is none that nobody handles until then. */
function handled<R>(promise: Promise<R>): Promise<R> {
  promise.catch(() => {});
  return promise;
}
