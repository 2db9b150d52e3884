import type { History } from '../../history/history.ts';
import type { RunnerOptions } from '../../options.ts';
import type { TaskRegistry } from '../../packages/tasks.ts';
import type { RunEvent } from '../../run.ts';
import type { Runner } from '../../runner.ts';
import type { EventEmitter } from '../emitter.ts';
import { RestateControl } from './control.ts';
import type { Residence } from './residence.ts';

/** Runs plans on Restate: what was accepted comes to its end, whatever dies on the way. */
export class RestateRunner extends RestateControl implements Runner {
  readonly #residence: Residence;
  readonly #events: EventEmitter;
  readonly #close: () => Promise<void>;

  /** `close` stops what executes tasks; it runs before the residence is closed. */
  constructor(
    registry: TaskRegistry,
    residence: Residence,
    events: EventEmitter,
    options: Pick<RunnerOptions, 'pools' | 'limits'>,
    close: () => Promise<void>,
  ) {
    super(residence, async () => registry, options);
    this.#residence = residence;
    this.#events = events;
    this.#close = close;
  }

  get history(): History | undefined {
    return this.#events.history;
  }

  protected override record(event: RunEvent): void {
    this.#events.record(event);
  }

  onEvent(listener: (event: RunEvent) => void): () => void {
    return this.#events.listen(listener);
  }

  async close(): Promise<void> {
    this.closing.abort(new Error('the runner was closed'));
    await this.#close();
    await this.#residence.close();
    await this.#events.close();
  }
}
