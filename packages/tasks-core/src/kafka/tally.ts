import type { Written } from './producer.ts';

/** What was written to one partition: `count` messages, the first at `baseOffset`, the last at `lastOffset`. */
export interface PartitionOffsets {
  partition: number;
  baseOffset: string;
  lastOffset: string;
  count: number;
}

/** Adds up what brokers say they have written. */
export class Tally {
  readonly #partitions = new Map<number, PartitionOffsets>();
  count = 0;

  add(messages: number, written: readonly Written[]): void {
    this.count += messages;
    for (const { partition, baseOffset, count } of written) {
      const known = this.#partitions.get(partition);
      const lastOffset = String(BigInt(baseOffset) + BigInt(count - 1));
      if (known === undefined) this.#partitions.set(partition, { partition, baseOffset, lastOffset, count });
      else {
        known.lastOffset = lastOffset;
        known.count += count;
      }
    }
  }

  get offsets(): PartitionOffsets[] {
    return [...this.#partitions.values()].sort((a, b) => a.partition - b.partition);
  }
}
