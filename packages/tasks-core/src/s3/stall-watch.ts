/** Tells when nothing has come for a while. Runs from the beginning; costs no timer per event. */
export class StallWatch {
  readonly #timer: NodeJS.Timeout;
  #waiting = true;

  constructor(ms: number, onStall: () => void) {
    this.#timer = setTimeout(() => this.#waiting && onStall(), ms);
  }

  /** What was waited for is there; how long it is worked on is nobody's concern. */
  pause(): void {
    this.#waiting = false;
  }

  /** Waiting begins anew. */
  resume(): void {
    this.#waiting = true;
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
