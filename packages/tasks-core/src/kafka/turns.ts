import { orAbort } from '@summit/maestro-sdk/abort';

/** Lets one in at a time, in the order in which they came. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves, when it is one's turn, to what ends it; rejects with the signal's reason when that is aborted before. */
  async take(signal: AbortSignal): Promise<() => void> {
    const before = this.#last;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#last = before.then(() => ended);
    try {
      await orAbort(before, signal);
      return end;
    } catch (error) {
      end();
      throw error;
    }
  }
}
