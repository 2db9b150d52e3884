import type { Receipt, SentBatch } from './send-batch.ts';

/** Bytes of JSON of receipts that are carried in the output itself. */
const INLINE_RECEIPTS = 160 * 1024;
/** The same for job ids. */
const INLINE_JOBS = 32 * 1024;

/** Counts what passes through, and keeps as much of it as an output may carry. */
export class ReceiptBook {
  count = 0;
  batches = 0;
  readonly jobIds: string[] = [];
  #receipts: Receipt[] | undefined = [];
  #receiptBytes = 0;
  #jobBytes = 0;

  /** All receipts, where they fit; else none. */
  get receipts(): Receipt[] {
    return this.#receipts ?? [];
  }

  /** The receipts of each batch with its job: the lines of the artifact. */
  async *through(sent: AsyncIterable<SentBatch>): AsyncGenerator<(Receipt & { jobId: string })[]> {
    for await (const { jobId, receipts } of sent) {
      this.#note(jobId, receipts);
      yield receipts.map((receipt) => ({ ...receipt, jobId }));
    }
  }

  #note(jobId: string, receipts: readonly Receipt[]): void {
    this.count += receipts.length;
    this.batches += 1;
    this.#jobBytes += jsonBytes(jobId);
    if (this.#jobBytes <= INLINE_JOBS) this.jobIds.push(jobId);
    if (this.#receipts === undefined) return;
    this.#receiptBytes += receipts.reduce((sum, receipt) => sum + jsonBytes(receipt), 0);
    if (this.#receiptBytes > INLINE_RECEIPTS) this.#receipts = undefined;
    else for (const receipt of receipts) this.#receipts.push(receipt);
  }
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) + 1;
}
