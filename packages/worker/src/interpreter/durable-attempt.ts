import { type Decision, type DecisionRequest, TaskError } from '@summit/maestro-sdk';
import type { Approvals } from './approvals.ts';
import type { Durable, Step } from './durable.ts';
import type { DurableWaits } from './host.ts';
import type { DurableLoop } from './loop.ts';
import type { Outcome } from './outcome.ts';

/**
 * One attempt of a durable task: code that runs beside the loop and whose waits are the run's own.
 * The loop goes on only when that code rests (it waits, or has ended): otherwise a replay could meet
 * its next wait at another place.
 */
export class DurableAttempt implements DurableWaits {
  readonly #name: string;
  readonly #durable: Durable;
  readonly #loop: DurableLoop;
  readonly #approvals: Approvals;
  readonly #open = new Map<string, (error: Error) => void>();
  #waits = 0;
  /** Steps that are on. */
  #steps = 0;
  #aborted: Error | undefined;
  #outcome: Outcome | undefined;
  #told = false;
  #rest: () => void = () => {};
  #onEnd: (outcome: Outcome) => void | Promise<void> = () => {};

  /** `name` is unique among the attempts of the run. */
  constructor(name: string, durable: Durable, loop: DurableLoop, approvals: Approvals) {
    this.#name = name;
    this.#durable = durable;
    this.#loop = loop;
    this.#approvals = approvals;
  }

  /** Starts the task's code and resolves when it rests for the first time. `onEnd` is called once, with its outcome. */
  async start(execute: (waits: DurableWaits) => Promise<Outcome>, onEnd: (outcome: Outcome) => void | Promise<void>): Promise<void> {
    this.#onEnd = onEnd;
    await this.#untilRest(() => {
      void execute(this).then((outcome) => {
        this.#outcome = outcome;
        this.#rest();
      });
    });
  }

  /**
   * Ends every wait with `error` and resolves when the task's code has ended, which its caller sees to through its signal. A step that is on
   * is not left behind: it ends by the signal too, and the task's code after it, in a turn of the loop to come.
   */
  async abort(error: Error): Promise<void> {
    this.#aborted = error;
    if (this.#outcome !== undefined) return;
    const endWaits = () => {
      for (const [key, reject] of this.#open) {
        this.#loop.forget(key);
        reject(error);
      }
      this.#open.clear();
    };
    if (this.#steps > 0) endWaits();
    else await this.#untilRest(endWaits);
  }

  sleep(ms: number): Promise<void> {
    return this.#wait('sleep', (name) => this.#durable.sleep(name, ms));
  }

  now(): Promise<number> {
    return this.#wait('now', (name) => this.#durable.step(name, async () => Date.now()));
  }

  step(name: string, run: () => Promise<Outcome>): Promise<Outcome> {
    if (this.#aborted) return Promise.reject(this.#aborted);
    const key = `${this.#nextName('step')}:${name}`;
    return new Promise<Outcome>((resolve, reject) => {
      this.#steps += 1;
      this.#loop.on(key, this.#durable.step(key, run), (outcome) => {
        this.#steps -= 1;
        return this.#untilRest(() => {
          if (this.#aborted) reject(this.#aborted);
          else resolve(outcome);
        });
      });
      this.#rest();
    });
  }

  decision(request: DecisionRequest): Promise<Decision[]> {
    if (this.#aborted) return Promise.reject(this.#aborted);
    const name = this.#nextName('decision');
    return new Promise((resolve, reject) => {
      this.#open.set(name, reject);
      const asked = this.#approvals.ask(name, request, (verdict) => {
        this.#open.delete(name);
        return this.#untilRest(() => {
          if (verdict.approved) resolve(verdict.decisions);
          else reject(TaskError.terminal(verdict.code, verdict.message, { details: verdict.decisions }));
        });
      });
      if (asked) this.#rest();
      else resolve([]);
    });
  }

  #wait<T>(kind: string, begin: (name: string) => Step<T>): Promise<T> {
    if (this.#aborted) return Promise.reject(this.#aborted);
    const name = this.#nextName(kind);
    return new Promise<T>((resolve, reject) => {
      this.#open.set(name, reject);
      this.#loop.on(name, begin(name), (value) => {
        this.#open.delete(name);
        return this.#untilRest(() => resolve(value));
      });
      this.#rest();
    });
  }

  #nextName(kind: string): string {
    return `${this.#name}/${kind}${++this.#waits}`;
  }

  async #untilRest(wake: () => void): Promise<void> {
    const rest = new Promise<void>((resolve) => {
      this.#rest = resolve;
    });
    wake();
    // Its code may have ended while a step it did not wait for was still on.
    if (this.#outcome === undefined) await rest;
    if (this.#outcome === undefined || this.#told) return;
    this.#told = true;
    await this.#onEnd(this.#outcome);
  }
}
