import { setImmediate } from 'node:timers';
import { orAbort } from '../abort.ts';
import { InvalidInputError } from '../errors.ts';

interface Timer {
  due: number;
  ring(): void;
}

/**
 * Time that passes only when everybody sleeps: each turn of the event loop it jumps to the next sleeper's hour.
 * Sleepers wake in order, and a night takes no time.
 */
export class VirtualClock {
  readonly #timers: Timer[] = [];
  readonly #stopped: boolean;
  #now: number;
  #turning = false;

  /** `start`: milliseconds since the epoch. A `stopped` clock wakes nobody. */
  constructor(start: number, stopped: boolean) {
    this.#now = start;
    this.#stopped = stopped;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#now;
  }

  /** Lets `ms` pass for a test that does not sleep. */
  advance(ms: number): void {
    this.#now += ms;
  }

  /** Resolves `ms` virtual milliseconds from now; rejects at once with the signal's reason when that is aborted. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (typeof ms !== 'number' || Number.isNaN(ms) || ms < 0) throw new InvalidInputError(`sleep: ms must be >= 0, found ${String(ms)}`);
    signal.throwIfAborted();
    const { promise: rung, resolve: ring } = Promise.withResolvers<void>();
    const timer: Timer = { due: this.#now + ms, ring };
    this.#timers.push(timer);
    this.#turn();
    try {
      await orAbort(rung, signal);
    } finally {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    }
  }

  #turn(): void {
    if (this.#turning || this.#stopped) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      const next = this.#timers.reduce<Timer | undefined>(
        (first, timer) => (first === undefined || timer.due < first.due ? timer : first),
        undefined,
      );
      if (next === undefined) return;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#now = Math.max(this.#now, next.due);
      next.ring();
      this.#turn();
    });
  }
}
