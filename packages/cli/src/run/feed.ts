import type { RunEvent } from '@summit/maestro-worker';

/**
 * Events from the moment an engine is opened: an unfinished run goes on at once, before anybody is ready to listen. They
 * are kept until then.
 */
export class EventFeed {
  readonly #subject: string | undefined;
  readonly #listeners: ((event: RunEvent) => void)[] = [];
  readonly #seen = new Set<string>();
  #early: RunEvent[] | undefined = [];

  /** Of the run `subject`; absent: of all runs. */
  constructor(subject?: string) {
    this.#subject = subject;
  }

  readonly push = (event: RunEvent): void => {
    if (this.#subject !== undefined && event.subject !== this.#subject) return;
    if (this.#early !== undefined) this.#early.push(event);
    else this.#pass(event);
  };

  /** What happened before; to be told before {@link flow}. */
  readonly past = (event: RunEvent): void => this.#pass(event);

  /** Events of one run come from its worker and from the history, and count once. */
  readonly #pass = (event: RunEvent): void => {
    if (this.#subject !== undefined) {
      if (this.#seen.has(event.id)) return;
      this.#seen.add(event.id);
    }
    for (const listener of this.#listeners) listener(event);
  };

  /** Listeners hear everything when they are added before {@link flow}. */
  listen(listener: (event: RunEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Passes on what came early, and from now on everything at once. */
  flow(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.push(event);
  }
}
