/** Bytes under way at most, beside the number of messages: what the server has not stored is in memory here and there. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Messages that are under way, by index, and room for more of them. */
export class Window {
  readonly #max: number;
  readonly #sizes = new Map<number, number>();
  #bytes = 0;
  #wake: (() => void) | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  get empty(): boolean {
    return this.#sizes.size === 0;
  }

  get full(): boolean {
    return this.#sizes.size >= this.#max || this.#bytes >= MAX_BYTES;
  }

  add(index: number, size: number): void {
    this.#sizes.set(index, size);
    this.#bytes += size;
  }

  /** False for an index that is not under way. */
  remove(index: number): boolean {
    const size = this.#sizes.get(index);
    if (size === undefined) return false;
    this.#sizes.delete(index);
    this.#bytes -= size;
    this.#wake?.();
    return true;
  }

  /** Resolves after the next `remove`; one waits at a time. */
  async changed(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const wake = () => this.#wake?.();
    signal.addEventListener('abort', wake, { once: true });
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
    signal.removeEventListener('abort', wake);
    signal.throwIfAborted();
  }
}
