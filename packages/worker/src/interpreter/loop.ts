import type { Durable, Step } from './durable.ts';

interface Waiter {
  step: Step<{ key: string; value: unknown }>;
  onWake(value: unknown): void | Promise<void>;
}

/**
 * The one loop of a run: everything the run waits for is registered here, and `turn` waits for the first of it.
 * Handlers run one at a time, in the order the engine remembers, which is what makes a replay take the same path.
 */
export class DurableLoop {
  readonly #durable: Durable;
  readonly #waiters = new Map<string, Waiter>();

  constructor(durable: Durable) {
    this.#durable = durable;
  }

  /** Calls `onWake` with the value of `step` when it completes. `key` is unique among what is waited for. */
  on<T>(key: string, step: Step<T>, onWake: (value: T) => void | Promise<void>): void {
    this.#waiters.set(key, {
      step: step.map((value): { key: string; value: unknown } => ({ key, value })),
      onWake: onWake as (value: unknown) => void | Promise<void>,
    });
  }

  /** Stops waiting for `key`; its step may still complete, unheard. */
  forget(key: string): void {
    this.#waiters.delete(key);
  }

  /** Waits for the first step to complete and runs its handler. Throws `RunCancelled`, once per cancellation. */
  async turn(): Promise<void> {
    const steps = Array.from(this.#waiters.values(), (waiter) => waiter.step);
    if (steps.length === 0) throw new Error('the run waits for nothing and has not ended');
    const { key, value } = await this.#durable.race(steps);
    const waiter = this.#waiters.get(key);
    this.#waiters.delete(key);
    await waiter?.onWake(value);
  }
}
