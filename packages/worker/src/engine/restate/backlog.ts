import { queueFull } from '../queue-full.ts';
import type { RestateClient } from './client.ts';

/** Runs that have not ended where the options do not say. */
const DEFAULT_LIMIT = 50_000;
/** How long a count is good for, in milliseconds: others start runs as well, and runs end. */
const FRESH_MS = 5_000;
/** The same where the limit seems to be reached. */
const FULL_MS = 250;

/**
 * The limit of runs that have not ended. They are counted now and then, and the starts of this process since: several that start
 * runs at the same time may exceed it by what they start within seconds.
 */
export class Backlog {
  readonly #limit: number;
  #counted = { at: Number.NEGATIVE_INFINITY, runs: 0 };
  #since = 0;
  #counting: Promise<void> | undefined;

  constructor(limit = DEFAULT_LIMIT) {
    this.#limit = limit;
  }

  /** Throws `QUEUE_FULL` where no more runs are to be accepted; one that the engine knows already is none more. */
  async check(client: RestateClient, runId: string): Promise<void> {
    if (this.#age > FRESH_MS) await this.#count(client);
    if (this.#full && this.#age > FULL_MS) await this.#count(client);
    if (this.#full && !(await client.runs.knows(runId))) throw queueFull(this.#counted.runs + this.#since, this.#limit);
    this.#since += 1;
  }

  get #age(): number {
    return performance.now() - this.#counted.at;
  }

  get #full(): boolean {
    return this.#counted.runs + this.#since >= this.#limit;
  }

  #count(client: RestateClient): Promise<void> {
    this.#counting ??= client
      .unfinished()
      .then((runs) => {
        this.#counted = { at: performance.now(), runs };
        this.#since = 0;
      })
      .finally(() => {
        this.#counting = undefined;
      });
    return this.#counting;
  }
}
