import type { History } from '../history/history.ts';
import type { Recording } from '../history/open-history.ts';
import { withoutPlan } from '../history/plans.ts';
import type { EventSink } from '../interpreter/events.ts';
import type { RunEvent } from '../run.ts';

/** Hands every event of a run to its listeners once, however often a replay publishes it, and to the history. */
export class EventEmitter {
  readonly #listeners = new Set<(event: RunEvent) => void>();
  /** Ids published, per run that has not ended here. */
  readonly #seen = new Map<string, Set<string>>();
  readonly #recording: Recording | undefined;
  readonly publish: EventSink;

  constructor(recording?: Recording) {
    this.#recording = recording;
    this.publish = Object.assign((event: RunEvent) => this.#publish(event), { flush: async () => recording?.flush() });
  }

  get history(): History | undefined {
    return this.#recording?.history;
  }

  /** For the history alone: what is not an event of a run that is executed here. */
  record(event: RunEvent): void {
    this.#recording?.record(event);
  }

  listen(listener: (event: RunEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** To be called when nothing is published any more. */
  async close(): Promise<void> {
    await this.#recording?.close();
  }

  #publish(event: RunEvent): void {
    let seen = this.#seen.get(event.subject);
    if (seen === undefined) {
      seen = new Set();
      this.#seen.set(event.subject, seen);
    }
    if (seen.has(event.id)) return;
    seen.add(event.id);
    if (event.type === 'run.finished') this.#seen.delete(event.subject);
    this.#recording?.record(event);
    const shown = withoutPlan(event);
    for (const listener of this.#listeners) listener(shown);
  }
}
