import { InvalidInputError } from '@summit/maestro-sdk';
import { type Item, repeated } from './items.ts';

/** Items that are sent in one request. */
export interface Batch {
  /** From 0. */
  number: number;
  /** Place of its first item in the whole, from 1. */
  first: number;
  items: Item[];
}

/** How much a batch holds: whichever is reached first. */
export interface BatchLimits {
  items: number;
  /** Size of the body. */
  bytes: number;
}

/** `{"items":[]}` */
const ENVELOPE_BYTES = 12;

/**
 * Items in batches. The same items under the same limits make the same batches, however they come in: that is what makes a retry safe.
 * Throws `SIG_ITEM_TOO_LARGE`, and `SIG_ITEM_REPEATED` for two in one batch.
 */
export async function* batchesOf(source: AsyncIterable<readonly Item[]>, limits: BatchLimits): AsyncGenerator<Batch> {
  let batch: Batch = { number: 0, first: 1, items: [] };
  let places = new Map<string, number>();
  let bytes = ENVELOPE_BYTES;
  for await (const items of source) {
    for (const item of items) {
      const size = Buffer.byteLength(item.text) + 1;
      const place = batch.first + batch.items.length;
      if (ENVELOPE_BYTES + size > limits.bytes) {
        throw new InvalidInputError(
          `item ${place} (${JSON.stringify(item.id).slice(0, 120)}) is sent as ${size} bytes, more than the ${limits.bytes} of a batch (maxBatchBytes)`,
          { code: 'SIG_ITEM_TOO_LARGE' },
        );
      }
      if (batch.items.length >= limits.items || bytes + size > limits.bytes) {
        yield batch;
        batch = { number: batch.number + 1, first: place, items: [] };
        places = new Map();
        bytes = ENVELOPE_BYTES;
      }
      const before = places.get(item.id);
      if (before !== undefined) throw repeated(item.id, `items ${before} and ${place}`);
      places.set(item.id, place);
      batch.items.push(item);
      bytes += size;
    }
  }
  if (batch.items.length > 0) yield batch;
}

/** The body that a batch is sent as. */
export function bodyOf({ items }: Batch): Buffer {
  return Buffer.from(`{"items":[${items.map(({ text }) => text).join(',')}]}`);
}
