import { BATCH_OVERHEAD, type Outgoing } from './message.ts';

/** Messages of one request at most. kafkajs copies the list of a partition for each message it adds, so larger requests are slower. */
const MOST = 2_000;

/** Gathers messages, in order, into requests that no broker refuses for their size. */
export class Batcher {
  readonly #limit: number;
  #batch: Outgoing[] = [];
  #bytes = BATCH_OVERHEAD;

  /** `limit`: bytes of a record batch at most. A message that is larger is a batch of its own, for the broker to judge. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The batch that has no room for `message`, if there is one. */
  add(message: Outgoing): Outgoing[] | undefined {
    const full = this.#batch.length > 0 && (this.#batch.length >= MOST || this.#bytes + message.bytes > this.#limit);
    const done = full ? this.rest() : undefined;
    this.#batch.push(message);
    this.#bytes += message.bytes;
    return done;
  }

  /** What is left. */
  rest(): Outgoing[] | undefined {
    const batch = this.#batch;
    this.#batch = [];
    this.#bytes = BATCH_OVERHEAD;
    return batch.length === 0 ? undefined : batch;
  }
}
