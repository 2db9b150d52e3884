const MASK = '[redacted]';

/** Removes secret values from whatever leaves `execute`: also inside longer strings, base64 and URL-encoded. */
export class Redactor {
  readonly #needles = new Set<string>();
  /** Whether there was a secret, searched for or not. */
  used = false;

  /** Values shorter than four characters are not searched for: they would blank out ordinary text. */
  add(secret: string): void {
    this.used = true;
    if (secret.length < 4) return;
    const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
    const bytes = Buffer.from(secret);
    // A secret inside a longer base64 text starts at one of three alignments; only the characters no neighbour touches are stable.
    for (const shift of [0, 1, 2]) {
      const padded = Buffer.concat([Buffer.alloc(shift), bytes])
        .toString('base64')
        .replace(/=+$/, '');
      const stable = padded.slice(shift === 0 ? 0 : shift + 1, (bytes.length + shift) % 3 === 0 ? undefined : -1);
      if (stable.length >= 6) forms.push(stable, stable.replaceAll('+', '-').replaceAll('/', '_'));
    }
    for (const form of forms) this.#needles.add(form);
  }

  get empty(): boolean {
    return this.#needles.size === 0;
  }

  text(value: string): string {
    let result = value;
    for (const needle of this.#needles) if (result.includes(needle)) result = result.replaceAll(needle, MASK);
    return result;
  }

  /** A copy of a JSON-like value with every string redacted, keys included. */
  value<T>(value: T): T {
    if (this.empty) return value;
    return this.#walk(value) as T;
  }

  #walk(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((entry) => this.#walk(entry));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [this.text(key), this.#walk(entry)]));
  }
}
