import {
  CancelledError,
  type InvocationId,
  RestatePromise,
  type Serde,
  serde,
  type TerminalError,
  type WorkflowContext,
} from '@restatedev/restate-sdk';
import type { Decision, Json } from '@summit/maestro-sdk';
import { type Durable, type PoolAttempt, RunCancelled, type Step } from '../../interpreter/durable.ts';
import { failure, type Outcome } from '../../interpreter/outcome.ts';
import type { PoolCall } from '../../interpreter/pool-call.ts';
import type { Attempt } from './attempt.ts';
import { POOL_HANDLER, poolServiceName } from './service-name.ts';

/** How long a run that waits for the engine alone stays in this worker's memory, where it takes some 300 KiB, in milliseconds. */
const REST_AFTER_MS = 250;
/** And for each of its steps so much longer, because coming back means to read all of them again. */
const REST_LATER_MS = 1;

/** Outcomes of attempts that have ended here, and that the engine has not confirmed to have taken: lost, they would be executed again. */
export class PendingOutcomes {
  #count = 0;
  #settled: (() => void) | undefined;

  add(change: number): void {
    this.#count += change;
    if (this.#count === 0) this.#settled?.();
  }

  /** Resolves when there are none, at the latest after `ms`. */
  async settled(ms: number): Promise<void> {
    if (this.#count === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#settled = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }
}

/** How a run is walked on Restate. */
export interface DurableOptions {
  /** This execution's connection; without it the run is put to rest by the server alone. */
  attempt?: Attempt | undefined;
  restAfterMs?: number | undefined;
  /** Other processes execute what asks for a pool. */
  pools?: boolean | undefined;
  /** Told of every outcome that the engine has yet to take. */
  pending?: PendingOutcomes | undefined;
}

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
  readonly callPool?: NonNullable<Durable['callPool']>;
  readonly #attempt: Attempt | undefined;
  readonly #restAfterMs: number;
  readonly #pending: PendingOutcomes | undefined;
  #steps = 0;
  /** Steps that this process is doing. */
  #busy = 0;
  /** Steps that it has done, and the engine has not confirmed. */
  #unconfirmed = 0;
  #cancelled = false;

  constructor(context: WorkflowContext, { attempt, restAfterMs = REST_AFTER_MS, pools = false, pending }: DurableOptions = {}) {
    this.#context = context;
    this.#attempt = attempt;
    this.#restAfterMs = restAfterMs;
    this.#pending = pending;
    if (pools) this.callPool = (pool, name, call) => this.#callPool(pool, name, call);
  }

  step<T>(name: string, run: () => Promise<T>): Step<T> {
    this.#steps += 1;
    const counted = async () => {
      this.#busy += 1;
      try {
        const value = await run();
        if (this.#pending !== undefined) {
          this.#unconfirmed += 1;
          this.#pending.add(1);
        }
        return value;
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

  #callPool(pool: string, name: string, call: PoolCall): PoolAttempt {
    const called = this.#context.genericCall({
      service: poolServiceName(pool),
      method: POOL_HANDLER,
      name,
      parameter: call,
      inputSerde: serde.json as Serde<PoolCall>,
      outputSerde: serde.json as Serde<Outcome>,
    });
    // A durable promise like any other; its type does not say so.
    const accepted = called.invocationId as unknown as RestatePromise<InvocationId>;
    return {
      outcome: new RestateStep(
        called.map((outcome, ended) => outcome ?? withoutOutcome(pool, ended)),
        false,
      ),
      accepted: new RestateStep<string>(accepted, false),
      cancel: (id) => this.#context.cancel(id as InvocationId),
    };
  }

  async race<T>(steps: Step<T>[]): Promise<T> {
    const all = steps as RestateStep<T>[];
    const rest = all.some(({ local }) => local)
      ? undefined
      : setTimeout(() => this.#rest(), this.#restAfterMs + this.#steps * REST_LATER_MS);
    try {
      const [first] = all;
      // What was awaited itself when a cancellation came can never be awaited again, and clean-up goes on after one: hence only before.
      const alone = first !== undefined && all.length === 1 && !this.#cancelled;
      const value = await (alone ? first.alone() : RestatePromise.race(all.map((step) => step.promise)));
      this.#confirm();
      return value;
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
      this.#cancelled = true;
      throw new RunCancelled();
    } finally {
      clearTimeout(rest);
    }
  }

  /** To be called when the run is walked no further here. */
  end(): void {
    this.#confirm();
  }

  /** What the loop hears of a step, the engine has taken. */
  #confirm(): void {
    if (this.#unconfirmed === 0) return;
    this.#pending?.add(-this.#unconfirmed);
    this.#unconfirmed = 0;
  }

  set(key: string, value: Json): void {
    this.#context.set(key, value);
  }

  /** Ends this execution; the engine begins another one when there is news. */
  #rest(): void {
    if (this.#busy === 0) this.#attempt?.rest();
  }
}

/** Of a call that the engine ended itself, e.g. because somebody killed it there. */
function withoutOutcome(pool: string, ended: TerminalError | undefined): Outcome {
  if (ended instanceof CancelledError || ended?.code === CANCELLED) return failure('RUN_CANCELLED', 'the attempt was cancelled');
  return failure('POOL_CALL_FAILED', `the call to pool ${pool} was ended in the engine: ${ended?.message ?? 'it does not say why'}`, {
    retryable: true,
  });
}

/** Restate's code of a call that was cancelled or killed. */
const CANCELLED = 409;
