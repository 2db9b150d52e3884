import { CancelledError, RestatePromise, type WorkflowContext } from '@restatedev/restate-sdk';
import type { Decision, Json } from '@summit/maestro-sdk';
import { type Durable, RunCancelled, type Step } from '../../interpreter/durable.ts';

/** A step that Restate remembers. */
class RestateStep<T> implements Step<T> {
  readonly promise: RestatePromise<T>;

  constructor(promise: RestatePromise<T>) {
    this.promise = promise;
  }

  map<U>(onValue: (value: T) => U): Step<U> {
    return new RestateStep(
      this.promise.map((value, failure) => {
        if (failure !== undefined) throw failure;
        return onValue(value as T);
      }),
    );
  }
}

/** The interpreter's needs, met by a Restate workflow's context. */
export class RestateDurable implements Durable {
  readonly #context: WorkflowContext;

  constructor(context: WorkflowContext) {
    this.#context = context;
  }

  step<T>(name: string, run: () => Promise<T>): Step<T> {
    return new RestateStep(this.#context.run(name, run));
  }

  sleep(name: string, ms: number): Step<void> {
    return new RestateStep(this.#context.sleep(ms, name));
  }

  decision(name: string): Step<Decision> {
    return new RestateStep(this.#context.promise<Decision>(name).get());
  }

  async race<T>(steps: Step<T>[]): Promise<T> {
    try {
      // Also for one step: awaited itself, it could never be awaited again after a cancellation, and clean-up goes on after one.
      return await RestatePromise.race(steps.map((step) => (step as RestateStep<T>).promise));
    } catch (error) {
      if (error instanceof CancelledError) throw new RunCancelled();
      throw error;
    }
  }

  set(key: string, value: Json): void {
    this.#context.set(key, value);
  }
}
