import type { Decision, Json } from '@summit/maestro-sdk';
import { type Durable, RunCancelled, type Step } from '../../interpreter/durable.ts';

/** Longest delay `setTimeout` knows, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A step of a run that is remembered by this process only. */
class InProcessStep<T> implements Step<T> {
  /** Order of completion in the run; undefined while it is on. */
  completed: number | undefined;
  value: T | undefined;
  failure: { error: unknown } | undefined;

  map<U>(onValue: (value: T) => U): Step<U> {
    return new MappedStep(this, onValue);
  }
}

class MappedStep<T, U> implements Step<U> {
  readonly source: InProcessStep<T>;
  readonly onValue: (value: T) => U;

  constructor(source: InProcessStep<T>, onValue: (value: T) => U) {
    this.source = source;
    this.onValue = onValue;
  }

  map<V>(onValue: (value: U) => V): Step<V> {
    return new MappedStep(this.source, (value: T) => onValue(this.onValue(value)));
  }
}

/** Runs steps as they are asked for and forgets them with the process: no server, no durability. */
export class InProcessDurable implements Durable {
  /** What the interpreter published, e.g. `pending`. */
  readonly state = new Map<string, Json>();
  readonly #questions = new Map<string, InProcessStep<Decision>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #completions = 0;
  #cancelled = false;
  #wake: (() => void) | undefined;

  step<T>(_name: string, run: () => Promise<T>): Step<T> {
    const step = new InProcessStep<T>();
    run().then(
      (value) => this.#complete(step, value),
      (error: unknown) => {
        step.failure = { error };
        this.#complete(step, undefined);
      },
    );
    return step;
  }

  sleep(_name: string, ms: number): Step<void> {
    const step = new InProcessStep<void>();
    this.#timer(step, performance.now() + ms);
    return step;
  }

  decision(name: string): Step<Decision> {
    const step = this.#questions.get(name) ?? new InProcessStep<Decision>();
    this.#questions.set(name, step);
    return step;
  }

  async race<T>(steps: Step<T>[]): Promise<T> {
    for (;;) {
      if (this.#cancelled) {
        this.#cancelled = false;
        throw new RunCancelled();
      }
      const first = earliest(steps as (InProcessStep<T> | MappedStep<unknown, T>)[]);
      if (first !== undefined) return first();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  set(key: string, value: Json): void {
    this.state.set(key, value);
  }

  /** Answers a question; false when it was answered before. */
  answer(name: string, decision: Decision): boolean {
    const step = this.#questions.get(name) ?? new InProcessStep<Decision>();
    this.#questions.set(name, step);
    if (step.completed !== undefined) return false;
    this.#complete(step, decision);
    return true;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#wake?.();
  }

  /** Ends every timer; to be called when the run has ended. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** `due`: on the clock that nobody sets. */
  #timer(step: InProcessStep<void>, due: number): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        if (performance.now() >= due) this.#complete(step, undefined);
        else this.#timer(step, due);
      },
      Math.max(0, Math.min(due - performance.now(), MAX_TIMER_MS)),
    );
    this.#timers.add(timer);
  }

  #complete<T>(step: InProcessStep<T>, value: T | undefined): void {
    step.completed = this.#completions++;
    step.value = value;
    this.#wake?.();
  }
}

/** The step that completed first, as a function that yields its value or throws its failure. */
function earliest<T>(steps: (InProcessStep<T> | MappedStep<unknown, T>)[]): (() => T) | undefined {
  let first: InProcessStep<T> | MappedStep<unknown, T> | undefined;
  let order = Number.POSITIVE_INFINITY;
  for (const step of steps) {
    const source = step instanceof MappedStep ? step.source : step;
    if (source.completed !== undefined && source.completed < order) {
      order = source.completed;
      first = step;
    }
  }
  if (first === undefined) return undefined;
  const step = first;
  return () => {
    const source = step instanceof MappedStep ? step.source : step;
    if (source.failure) throw source.failure.error;
    return step instanceof MappedStep ? step.onValue(step.source.value) : (step.value as T);
  };
}
