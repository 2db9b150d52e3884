/**
 * Does its work whenever it is asked to, and once more when it is asked meanwhile. Handlers that end at once ask for more from
 * inside the work they were started by: through this they take turns, instead of nesting as deep as the plan is long.
 */
export class Pump {
  readonly #work: () => Promise<void>;
  #busy = false;
  #again = false;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  async run(): Promise<void> {
    this.#again = true;
    if (this.#busy) return;
    this.#busy = true;
    while (this.#again) {
      this.#again = false;
      await this.#work();
    }
    this.#busy = false;
  }
}
