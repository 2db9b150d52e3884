import type { RunEvent } from '../run.ts';

/** Hands every event of a run to its listeners once, however often a replay publishes it. */
export class EventEmitter {
  readonly #listeners = new Set<(event: RunEvent) => void>();
  /** Ids published, per run that has not ended here. */
  readonly #seen = new Map<string, Set<string>>();

  readonly publish = (event: RunEvent): void => {
    let seen = this.#seen.get(event.subject);
    if (seen === undefined) {
      seen = new Set();
      this.#seen.set(event.subject, seen);
    }
    if (seen.has(event.id)) return;
    seen.add(event.id);
    if (event.type === 'run.finished') this.#seen.delete(event.subject);
    for (const listener of this.#listeners) listener(event);
  };

  listen(listener: (event: RunEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
