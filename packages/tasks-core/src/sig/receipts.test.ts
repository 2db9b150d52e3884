import { expect, it } from 'vitest';
import { ReceiptBook } from './receipts.ts';

it('an output never grows beyond what is carried inline, and the artifact has it all', async () => {
  const book = new ReceiptBook();
  async function* sent() {
    for (let batch = 0; batch < 5_000; batch++) {
      yield { jobId: `job-${batch}`, receipts: [{ id: `i-${batch}`, hash: 'h'.repeat(64) }] };
    }
  }
  let lines = 0;
  for await (const batch of book.through(sent())) lines += batch.length;
  expect([lines, book.count, book.batches]).toEqual([5_000, 5_000, 5_000]);
  expect(book.receipts).toEqual([]);
  expect(book.jobIds[0]).toBe('job-0');
  expect(JSON.stringify(book.jobIds).length).toBeLessThanOrEqual(32 * 1024 + 2);
});
