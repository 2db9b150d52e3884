/** A map that forgets the entry least recently used when it grows beyond `limit`. */
export class Lru<K, V> {
  readonly #limit: number;
  readonly #onEvict: (value: V) => void;
  // A Map iterates in order of insertion; reading an entry inserts it anew.
  readonly #entries = new Map<K, V>();

  constructor(limit: number, onEvict: (value: V) => void = () => {}) {
    this.#limit = limit;
    this.#onEvict = onEvict;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    const [oldest, evicted] = this.#entries.entries().next().value as [K, V];
    this.#entries.delete(oldest);
    this.#onEvict(evicted);
  }
}
