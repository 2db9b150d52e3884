import { setImmediate } from 'node:timers/promises';

/** How long work goes on before others get their turn, in milliseconds. */
const SLICE_MS = 10;

/** Lets the rest of the process work between pieces of long work, and notices an abort. */
export class Turns {
  readonly #signal: AbortSignal;
  #since = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether it is time to {@link yield}. */
  get due(): boolean {
    return performance.now() - this.#since > SLICE_MS;
  }

  /** Rejects with the signal's reason when that is aborted. */
  async yield(): Promise<void> {
    await setImmediate();
    this.#signal.throwIfAborted();
    this.#since = performance.now();
  }
}
