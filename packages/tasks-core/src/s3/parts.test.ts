import fc from 'fast-check';
import { expect, it } from 'vitest';
import { partPlan, partsOf } from './parts.ts';

const GIB = 1024 ** 3;

it('cuts any stream into parts that are full but for the last, and make up the whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 1, max: 30 }), async (chunks, partBytes) => {
      const parts: { number: number; bytes: Buffer }[] = [];
      for await (const { number, bytes, release } of partsOf(chunks, partBytes)) {
        parts.push({ number, bytes: Buffer.from(bytes) });
        release();
      }
      expect(parts.map(({ number }) => number)).toEqual(parts.map((_, index) => index + 1));
      expect(parts.slice(0, -1).every(({ bytes }) => bytes.length === partBytes)).toBe(true);
      expect(Buffer.concat(parts.map(({ bytes }) => bytes))).toEqual(Buffer.concat(chunks));
      expect(parts.length).toBe(Math.max(1, Math.ceil(chunks.reduce((sum, { length }) => sum + length, 0) / partBytes)));
    }),
  );
});

it('plans at most 10,000 parts, and no more of them in flight than fit', () => {
  expect(partPlan(9 * 1024 ** 2)).toEqual({ partBytes: 8 * 1024 ** 2, concurrency: 4 });
  for (const size of [78 * GIB, 79 * GIB, 1024 * GIB, 5 * 1024 * GIB]) {
    const { partBytes, concurrency } = partPlan(size);
    expect(Math.ceil(size / partBytes)).toBeLessThanOrEqual(10_000);
    expect(concurrency === 1 || partBytes * concurrency <= 64 * 1024 ** 2).toBe(true);
  }
});
