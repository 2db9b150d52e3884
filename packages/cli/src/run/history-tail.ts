import { setTimeout as delay } from 'node:timers/promises';
import type { History, RunEvent } from '@summit/maestro-worker';

/** How often a history is asked for what is new, in milliseconds. */
const POLL_MS = 300;

/** Reads a run's events from the history as they come in, whoever executes it. */
export class HistoryTail {
  readonly #history: History;
  readonly #runId: string;
  readonly #listen: (event: RunEvent) => void;
  readonly #closing = new AbortController();
  #after = 0;
  #following: Promise<void> = Promise.resolve();

  constructor(history: History, runId: string, listen: (event: RunEvent) => void) {
    this.#history = history;
    this.#runId = runId;
    this.#listen = listen;
  }

  /** Reads what there is. A run that the history has not heard of yet has no events. */
  async catchUp(): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      const page = await this.#page();
      for (const { event, position } of page) {
        if (signal.aborted) return;
        this.#after = position;
        this.#listen(event);
      }
      if (page.length === 0) return;
    }
  }

  /** Reads what there is and what comes, until `enough` says so or it is closed. */
  async readUntil(enough: () => boolean): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      await this.catchUp();
      if (signal.aborted || enough()) return;
      await delay(POLL_MS, undefined, { signal }).catch(() => {}); // Closed meanwhile.
    }
  }

  /** Goes on reading until it is closed. A history that cannot be read just now is asked again. */
  follow(): void {
    this.#following = this.#follow();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await delay(POLL_MS, undefined, { signal }).catch(() => {});
      // Whether the history will ever answer is not what is asked here: the run's result comes from the engine.
      if (!signal.aborted) await this.catchUp().catch(() => {});
    }
  }

  async #page(): Promise<Awaited<ReturnType<History['events']>>> {
    try {
      return await this.#history.events(this.#runId, { after: this.#after });
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'RUN_UNKNOWN') return [];
      throw error;
    }
  }
}
