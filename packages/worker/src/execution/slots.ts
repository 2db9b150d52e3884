/** A fixed number of places for work that runs at the same time; who comes when none is free waits in line. */
export class Slots {
  readonly #waiting = new Set<() => void>();
  #free: number;

  /** `limit`: how many places; `Infinity` for no limit. */
  constructor(limit: number) {
    this.#free = limit;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Does `work` as soon as there is a place, in the order of asking. Rejects with the reason of the first of `signals` that is
   * aborted before that; from then on the signals are the work's own business.
   */
  async use<T>(signals: readonly AbortSignal[], work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signals);
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  #turn(signals: readonly AbortSignal[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#waiting.delete(enter);
        for (const signal of signals) signal.removeEventListener('abort', leave);
      };
      const enter = () => {
        settle();
        resolve();
      };
      const leave = () => {
        settle();
        reject(signals.find(({ aborted }) => aborted)?.reason);
      };
      const aborted = signals.find((signal) => signal.aborted);
      if (aborted !== undefined) return reject(aborted.reason);
      for (const signal of signals) signal.addEventListener('abort', leave);
      this.#waiting.add(enter);
    });
  }
}
