import { createHash } from 'node:crypto';
import { canonicalJson } from '../../canonical.ts';
import type { SigItem } from './contracts.ts';

/** The proof that an item was taken: the sha256 of its canonical payload (RFC 8785), in hex. */
export interface SigReceipt {
  id: string;
  hash: string;
}

/** A request as it came in. */
export interface SigRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  /** Status of the answer; 0 where there was none. */
  status: number;
}

/** A batch that was taken. */
export interface SigBatch {
  jobId: string;
  idempotencyKey: string;
  ids: string[];
  /** Size of the body. */
  bytes: number;
  correlation: Record<string, string>;
  policy?: Record<string, string>;
}

/** How many there were, whether or not they are kept. Repetitions of a batch are no further batch. */
export interface SigCounts {
  requests: number;
  batches: number;
  items: number;
  /** Size of the bodies of the batches. */
  bytes: number;
}

/** What the sandbox has taken. With `keep: false` only `counts` is kept, so that memory does not depend on it. */
export class SigRecords {
  readonly requests: SigRequest[] = [];
  readonly batches: SigBatch[] = [];
  /** The items by id, as they came last. */
  readonly items = new Map<string, SigItem & SigReceipt & { jobId: string }>();
  /** How often an item was taken, by id: 1, unless it was sent again in another batch. */
  readonly effects = new Map<string, number>();
  readonly counts: SigCounts = { requests: 0, batches: 0, items: 0, bytes: 0 };
  readonly #keep: boolean;

  constructor(keep: boolean) {
    this.#keep = keep;
  }

  request(request: SigRequest): void {
    this.counts.requests++;
    if (this.#keep) this.requests.push(request);
  }

  /** Takes a batch. */
  batch(batch: Omit<SigBatch, 'ids' | 'jobId'>, items: readonly SigItem[]): { jobId: string; receipts: SigReceipt[] } {
    this.counts.batches++;
    this.counts.items += items.length;
    this.counts.bytes += batch.bytes;
    const jobId = `job-${this.counts.batches}`;
    const receipts = items.map(({ id, payload }) => ({ id, hash: createHash('sha256').update(canonicalJson(payload)).digest('hex') }));
    if (!this.#keep) return { jobId, receipts };
    this.batches.push({ jobId, ids: items.map(({ id }) => id), ...batch });
    for (const [index, item] of items.entries()) {
      this.items.set(item.id, { ...item, hash: (receipts[index] as SigReceipt).hash, jobId });
      this.effects.set(item.id, (this.effects.get(item.id) ?? 0) + 1);
    }
    return { jobId, receipts };
  }
}
