import { setTimeout as delay } from 'node:timers/promises';
import { admit } from '../../admission.ts';
import type { TaskRegistry } from '../../packages/tasks.ts';
import type { ActiveRun, DecisionInput, RunEvent, RunHandle, Runner, RunRequest, RunResult } from '../../run.ts';
import type { EventEmitter } from '../emitter.ts';
import { checkRunId } from './client.ts';
import { Unreachable } from './http.ts';
import type { Residence } from './residence.ts';

/** How long to wait before asking an engine again that did not answer, in milliseconds. */
const AGAIN_MS = 100;

/** Runs plans on Restate: what was accepted comes to its end, whatever dies on the way. */
export class RestateRunner implements Runner {
  readonly kind = 'restate';
  readonly #registry: TaskRegistry;
  readonly #residence: Residence;
  readonly #events: EventEmitter;
  readonly #close: () => Promise<void>;
  readonly #closing = new AbortController();

  /** `close` stops what executes tasks; it runs before the residence is closed. */
  constructor(registry: TaskRegistry, residence: Residence, events: EventEmitter, close: () => Promise<void>) {
    this.#registry = registry;
    this.#residence = residence;
    this.#events = events;
    this.#close = close;
  }

  async start(request: RunRequest): Promise<RunHandle> {
    const run = admit(request, this.#registry);
    await this.#persist(() => this.#residence.client.start(run));
    return this.#handle(run.runId);
  }

  async attach(runId: string): Promise<RunHandle> {
    checkRunId(runId);
    return this.#handle(runId);
  }

  decide(runId: string, decision: DecisionInput): Promise<void> {
    checkRunId(runId);
    return this.#persist(() => this.#residence.client.decide(runId, decision));
  }

  cancel(runId: string): Promise<void> {
    checkRunId(runId);
    return this.#persist(() => this.#residence.client.cancel(runId));
  }

  active(): Promise<ActiveRun[]> {
    return this.#persist(() => this.#residence.client.active());
  }

  onEvent(listener: (event: RunEvent) => void): () => void {
    return this.#events.listen(listener);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the runner was closed'));
    await this.#close();
    await this.#residence.close();
  }

  #handle(runId: string): RunHandle {
    let result: Promise<RunResult> | undefined;
    return {
      runId,
      result: () => {
        result ??= this.#persist(() => this.#residence.client.attach(runId, this.#closing.signal));
        return result;
      },
    };
  }

  /** Repeats what is safe to repeat for as long as the engine is out of reach, which it is while it starts again. */
  async #persist<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        await delay(AGAIN_MS, undefined, { signal: this.#closing.signal });
        await this.#residence.ready();
      }
    }
  }
}
