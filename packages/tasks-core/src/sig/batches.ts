import { InvalidInputError } from '@summit/maestro-sdk';
import { type Item, repeated } from './items.ts';

/** Items that are sent in one request. */
export interface Batch {
  /** From 0. */
  number: number;
  /** Place of its first item in the whole, from 1. */
  first: number;
  ids: string[];
  /** What is sent: `{"items":[...]}`. */
  body: Buffer;
  /** The memory that the body is in. */
  room: Buffer;
  /** What the receipts must hold, in the order of the ids; empty where that is not compared. */
  hashes: string[];
}

/** How much a batch holds: whichever is reached first. */
export interface BatchLimits {
  items: number;
  /** Size of the body. */
  bytes: number;
}

const HEAD = '{"items":[';
const TAIL = ']}';
const ENVELOPE_BYTES = HEAD.length + TAIL.length;
/** Bytes that a batch has room for at first. */
const FIRST_ROOM = 64 * 1024;

/**
 * Items in batches. The same items under the same limits make the same batches, however they come in: that is what makes a retry safe.
 * `spare` holds the rooms of batches that are done with, to be used again: what large buffers leave behind is cleared away late.
 * Throws `SIG_ITEM_TOO_LARGE`, and `SIG_ITEM_REPEATED` for two in one batch.
 */
export async function* batchesOf(source: AsyncIterable<readonly Item[]>, limits: BatchLimits, spare: Buffer[] = []): AsyncGenerator<Batch> {
  const open = new OpenBatch(spare);
  for await (const items of source) {
    for (const item of items) {
      const size = Buffer.byteLength(item.text) + 1;
      if (ENVELOPE_BYTES + size > limits.bytes) {
        throw new InvalidInputError(
          `item ${open.next} (${JSON.stringify(item.id).slice(0, 120)}) is sent as ${size} bytes, more than the ${limits.bytes} of a batch (maxBatchBytes)`,
          { code: 'SIG_ITEM_TOO_LARGE' },
        );
      }
      if (open.length >= limits.items || open.bytes + size > limits.bytes) yield open.take();
      open.add(item, size);
    }
  }
  if (open.length > 0) yield open.take();
}

/** The batch that is being filled. Its text is bytes from the start: strings that live as long as a batch would be moved about by the garbage collector. */
class OpenBatch {
  #number = 0;
  #first = 1;
  /** Places in the whole, by id. */
  #places = new Map<string, number>();
  #hashes: string[] = [];
  readonly #spare: Buffer[];
  #room: Buffer;
  #length = 0;

  constructor(spare: Buffer[]) {
    this.#spare = spare;
    this.#room = spare.pop() ?? Buffer.allocUnsafeSlow(FIRST_ROOM);
    this.#append(HEAD, HEAD.length);
  }

  get length(): number {
    return this.#places.size;
  }

  /** Bytes of the body, with its end. */
  get bytes(): number {
    return this.#length + TAIL.length;
  }

  /** Place in the whole of the item that comes next. */
  get next(): number {
    return this.#first + this.length;
  }

  /** `size`: bytes of the item's text and a comma. */
  add({ id, text, hash }: Item, size: number): void {
    const before = this.#places.get(id);
    if (before !== undefined) throw repeated(id, `items ${before} and ${this.next}`);
    if (this.length > 0) this.#append(',', 1);
    this.#append(text, size - 1);
    this.#places.set(id, this.next);
    if (hash !== undefined) this.#hashes.push(hash);
  }

  take(): Batch {
    this.#append(TAIL, TAIL.length);
    const room = this.#room;
    const body = room.subarray(0, this.#length);
    const batch = { number: this.#number, first: this.#first, ids: [...this.#places.keys()], body, room, hashes: this.#hashes };
    this.#number += 1;
    this.#first = this.next;
    this.#places = new Map();
    this.#hashes = [];
    // The next one is likely as large.
    this.#room = this.#spare.pop() ?? Buffer.allocUnsafeSlow(room.length);
    this.#length = 0;
    this.#append(HEAD, HEAD.length);
    return batch;
  }

  #append(text: string, size: number): void {
    const end = this.#length + size;
    if (end > this.#room.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, this.#room.length * 2));
      this.#room.copy(larger, 0, 0, this.#length);
      this.#room = larger;
    }
    this.#room.write(text, this.#length, 'utf8');
    this.#length = end;
  }
}
