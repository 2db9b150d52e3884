import { InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import { NDJSON, ndjsonBytes } from '../records/write.ts';
import { type BatchLimits, batchesOf } from './batches.ts';
import type { Endpoint } from './endpoint.ts';
import { inOrder } from './in-order.ts';
import { type ItemSource, itemsOf } from './items.ts';
import { ReceiptBook } from './receipts.ts';
import { SigSession } from './request.ts';
import { sendBatch } from './send-batch.ts';

export interface IngestOptions {
  limits: BatchLimits;
  /** Batches that are on their way at once. */
  concurrency: number;
}

/** Sends all items, and writes the receipts to an artifact as they come. Throws `SIG_NO_ITEMS` where there are none. */
export async function ingest(ctx: RunContext, endpoint: Endpoint, source: ItemSource, { limits, concurrency }: IngestOptions) {
  const session = await SigSession.open(ctx, endpoint);
  const spare: Buffer[] = [];
  const batches = batchesOf(itemsOf(ctx, source), limits, spare);
  const sent = inOrder(batches, concurrency, ctx.signal, async (batch, signal) => {
    const result = await sendBatch(session, batch, ctx.idempotencyKey, signal);
    // Receipts for all of it: SIG has read it to its end, and nothing holds on to its bytes.
    spare.push(batch.room);
    return result;
  });
  const book = new ReceiptBook();
  const lines = someOf(book.through(sent), () => {
    const what = source.artifact === undefined ? 'items' : source.artifact.name || 'the artifact';
    return new InvalidInputError(`${what} holds no items to ingest`, { code: 'SIG_NO_ITEMS' });
  });
  const receiptsArtifact = await ctx.artifacts.put(ndjsonBytes(lines), {
    name: 'receipts.ndjson',
    contentType: NDJSON,
    signal: ctx.signal,
  });
  return { book, receiptsArtifact };
}

/** `source`, or the error where there is nothing in it. */
async function* someOf<T>(source: AsyncIterable<T>, none: () => Error): AsyncGenerator<T> {
  let some = false;
  for await (const each of source) {
    some = true;
    yield each;
  }
  if (!some) throw none();
}
