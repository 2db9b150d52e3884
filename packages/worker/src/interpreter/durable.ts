import type { Decision, DecisionRequest, Json } from '@summit/maestro-sdk';

/**
 * A durable step that has been started. It is awaited only through {@link Durable.race}:
 * native promise combinators would order branches differently on replay.
 */
export interface Step<T> {
  map<U>(onValue: (value: T) => U): Step<U>;
}

/** What the interpreter needs of an engine. Everything a run remembers goes through here. */
export interface Durable {
  /** Runs `run` once and remembers its result. `run` must not throw; it returns failures as values. */
  step<T>(name: string, run: () => Promise<T>): Step<T>;
  /** Completes after `ms` on the engine's clock, also across restarts. */
  sleep(name: string, ms: number): Step<void>;
  /** Completes when a person in the role `request.role` has decided. */
  decision(name: string, request: DecisionRequest & { role: string }): Step<Decision>;
  /** Waits for the first of `steps` to complete. Throws {@link RunCancelled} when the run was cancelled meanwhile. */
  race<T>(steps: Step<T>[]): Promise<T>;
  /** Progress that can be read from outside while the run is on. */
  set(key: string, value: Json): void;
  /** Milliseconds since the epoch, remembered: the same on replay. */
  now(): Promise<number>;
}

/** The run was cancelled; thrown once by the `race` that was waiting. */
export class RunCancelled extends Error {
  override name = 'RunCancelled';
}
