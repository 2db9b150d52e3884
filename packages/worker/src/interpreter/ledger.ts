import type { CompensationRecord, TaskRecord } from '../run.ts';

/**
 * Room in a run's result for the records of sub-workflows and compensations, in bytes of JSON. An engine's message has an end
 * (32 MiB with Restate), and a list of sub-workflows has none.
 */
const BUDGET = 8 * 1024 * 1024;

/** Keeps a run's records as long as there is room for them; the events tell all of them. */
export class Ledger {
  readonly compensations: CompensationRecord[] = [];
  #left = BUDGET;
  #omitted = 0;

  /** How many records were left out. */
  get omitted(): number {
    return this.#omitted;
  }

  /** Those of `records` that there is room for. */
  keep<T extends TaskRecord | CompensationRecord>(records: readonly T[]): T[] {
    return records.filter((record) => {
      const bytes = JSON.stringify(record).length;
      if (bytes > this.#left) {
        this.#omitted += 1;
        return false;
      }
      this.#left -= bytes;
      return true;
    });
  }
}
