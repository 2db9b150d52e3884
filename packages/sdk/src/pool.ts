interface Entry {
  client: Promise<unknown>;
  close(client: unknown): Promise<void> | void;
}

/** Long-lived clients, one per key, as `ctx.pool` promises them. */
export class ClientPool {
  readonly #entries = new Map<string, Entry>();

  /** The client for `key`. Callers at the same time share one `open`; one that failed is forgotten, so the next call opens again. */
  get<T>(key: string, open: () => Promise<T>, close: (client: T) => Promise<void> | void): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined) return known.client as Promise<T>;
    // An `open` that throws before it has a promise is a rejection like any other.
    const client = (async () => open())();
    const entry: Entry = { client, close: (value) => close(value as T) };
    this.#entries.set(key, entry);
    client.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    return client;
  }

  /** Closes every client and waits for all of them. Throws an `AggregateError` of those that would not close. */
  async close(): Promise<void> {
    const entries = [...this.#entries];
    this.#entries.clear();
    const closed = await Promise.allSettled(
      entries.map(async ([, { client, close }]) => {
        let opened: unknown;
        try {
          opened = await client;
        } catch {
          // Whoever asked for it has been told; there is nothing to close.
          return;
        }
        await close(opened);
      }),
    );
    const errors = closed.flatMap((result, index) =>
      result.status === 'rejected' ? [new Error(`pooled client "${entries[index]?.[0]}" did not close`, { cause: result.reason })] : [],
    );
    if (errors.length > 0) throw new AggregateError(errors, errors.map(({ message }) => message).join('; '));
  }
}
