import { CancelledError, RestatePromise, type WorkflowContext } from '@restatedev/restate-sdk';
import type { Decision, Json } from '@summit/maestro-sdk';
import { type Durable, RunCancelled, type Step } from '../../interpreter/durable.ts';
import type { Attempt } from './attempt.ts';

/**
 * How long a run that waits for the engine alone stays in this worker's memory, in milliseconds: above the wait before most
 * second attempts, because coming back means to read the whole journal again.
 */
export const REST_AFTER_MS = 2_000;

/** A step that Restate remembers. */
class RestateStep<T> implements Step<T> {
  readonly source: RestatePromise<unknown>;
  /** Whether it is work of this process, and no timer, question or call of another service. */
  readonly local: boolean;
  readonly #onValue: (value: unknown) => T;
  #promise: RestatePromise<T> | undefined;

  constructor(source: RestatePromise<unknown>, local: boolean, onValue: (value: unknown) => T = (value) => value as T) {
    this.source = source;
    this.local = local;
    this.#onValue = onValue;
  }

  map<U>(onValue: (value: T) => U): Step<U> {
    return new RestateStep(this.source, this.local, (value) => onValue(this.#onValue(value)));
  }

  /** What is raced with others; one that is waited for alone does without. */
  get promise(): RestatePromise<T> {
    this.#promise ??= this.source.map((value, failure) => {
      if (failure !== undefined) throw failure;
      return this.#onValue(value);
    });
    return this.#promise;
  }

  async alone(): Promise<T> {
    return this.#onValue(await this.source);
  }
}

/** The interpreter's needs, met by a Restate workflow's context. */
export class RestateDurable implements Durable {
  readonly #context: WorkflowContext;
  readonly #attempt: Attempt | undefined;
  readonly #restAfterMs: number;
  /** Steps that this process is doing. */
  #busy = 0;
  #cancelled = false;

  /** `attempt` is this execution's connection; without it the run is put to rest by the server alone. */
  constructor(context: WorkflowContext, attempt?: Attempt, restAfterMs = REST_AFTER_MS) {
    this.#context = context;
    this.#attempt = attempt;
    this.#restAfterMs = restAfterMs;
  }

  step<T>(name: string, run: () => Promise<T>): Step<T> {
    const counted = async () => {
      this.#busy += 1;
      try {
        return await run();
      } finally {
        this.#busy -= 1;
      }
    };
    return new RestateStep(this.#context.run(name, counted), true);
  }

  sleep(name: string, ms: number): Step<void> {
    return new RestateStep(this.#context.sleep(ms, name), false);
  }

  decision(name: string): Step<Decision> {
    return new RestateStep(this.#context.promise<Decision>(name).get(), false);
  }

  async race<T>(steps: Step<T>[]): Promise<T> {
    const all = steps as RestateStep<T>[];
    const rest = all.some(({ local }) => local) ? undefined : setTimeout(() => this.#rest(), this.#restAfterMs);
    try {
      const [first] = all;
      // What was awaited itself when a cancellation came can never be awaited again, and clean-up goes on after one: hence only before.
      if (first !== undefined && all.length === 1 && !this.#cancelled) return await first.alone();
      return await RestatePromise.race(all.map((step) => step.promise));
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
      this.#cancelled = true;
      throw new RunCancelled();
    } finally {
      clearTimeout(rest);
    }
  }

  set(key: string, value: Json): void {
    this.#context.set(key, value);
  }

  /** Ends this execution; the engine begins another one when there is news. */
  #rest(): void {
    if (this.#busy === 0) this.#attempt?.rest();
  }
}
