import type { Decision, Json } from '@summit/maestro-sdk';
import type { Outcome } from './outcome.ts';
import type { PoolCall } from './pool-call.ts';

/**
 * A durable step that has been started. It is awaited only through {@link Durable.race}:
 * native promise combinators would order branches differently on replay.
 */
export interface Step<T> {
  /** The same step with its value mapped; `onValue` must be pure. */
  map<U>(onValue: (value: T) => U): Step<U>;
}

/** What the interpreter needs of an engine. Everything a run remembers goes through here. */
export interface Durable {
  /** Runs `run` once and remembers its result. `run` must not throw; it returns failures as values. */
  step<T>(name: string, run: () => Promise<T>): Step<T>;
  /** Completes after `ms` on the engine's clock, also across restarts. */
  sleep(name: string, ms: number): Step<void>;
  /** Completes when somebody has answered the question `name`, as `Runner.decide` records it. */
  decision(name: string): Step<Decision>;
  /** Waits for the first of `steps` to complete. Throws {@link RunCancelled} once when the run was cancelled. */
  race<T>(steps: Step<T>[]): Promise<T>;
  /** Progress that can be read from outside while the run is on. */
  set(key: string, value: Json): void;
  /** Has the workers of a pool execute an attempt. Absent where whoever walks the run executes everything. */
  callPool?(pool: string, name: string, call: PoolCall): PoolAttempt;
}

/** An attempt that the workers of a pool have been asked for. */
export interface PoolAttempt {
  outcome: Step<Outcome>;
  /** Completes as soon as the engine has taken it, with what it is cancelled by. */
  accepted: Step<string>;
  /** Has its signal aborted, wherever it is executed; it may still succeed. */
  cancel(accepted: string): void;
}

/** The run was cancelled; thrown by the `race` that was waiting. */
export class RunCancelled extends Error {
  override name = 'RunCancelled';
  constructor() {
    super('the run was cancelled');
  }
}
