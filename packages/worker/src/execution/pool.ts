interface Entry {
  client: Promise<unknown>;
  close(client: unknown): Promise<void> | void;
}

/** Long-lived clients shared by all executions of a worker, one per key. */
export class ClientPool {
  readonly #entries = new Map<string, Entry>();

  /** The client for `key`; concurrent callers share one `open`, and a failed one is forgotten. */
  get<T>(key: string, open: () => Promise<T>, close: (client: T) => Promise<void> | void): Promise<T> {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const client = open();
      const opened: Entry = { client, close: (value) => close(value as T) };
      this.#entries.set(key, opened);
      client.catch(() => {
        if (this.#entries.get(key) === opened) this.#entries.delete(key);
      });
      entry = opened;
    }
    return entry.client as Promise<T>;
  }

  /** Closes every client, and reports the ones that would not close together. */
  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    const results = await Promise.allSettled(entries.map(async (entry) => entry.close(await entry.client)));
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} pooled clients did not close`);
  }
}
