import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Batch, batchesOf } from './batches.ts';

async function* inChunks<T>(all: readonly T[], cuts: readonly number[]) {
  let at = 0;
  for (const cut of cuts) {
    yield all.slice(at, at + cut);
    at += cut;
  }
  yield all.slice(at);
}

it('batches hold every item once, in order, within their limits, and do not depend on how the items come in', async () => {
  const items = fc.uniqueArray(
    fc.record({ id: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), payload: fc.jsonValue({ maxDepth: 1 }) }),
    { selector: ({ id }) => id, maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(items, fc.integer({ min: 1, max: 70 }), fc.array(fc.nat(9)), async (given, most, cuts) => {
      const texts = given.map((item) => ({ id: item.id, text: JSON.stringify(item) }));
      const limits = { items: most, bytes: 2_000 };
      const split = async (source: AsyncIterable<typeof texts>) => {
        const batches: Batch[] = [];
        const spare: Buffer[] = [];
        for await (const batch of batchesOf(source, limits, spare)) {
          batches.push({ ...batch, body: Buffer.from(batch.body) });
          // Done with: its room is used again, and what was in it does not shine through.
          spare.push(batch.room.fill('x'));
        }
        return batches;
      };
      const batches = await split(inChunks(texts, cuts));
      const sent = batches.flatMap(({ body }) => (JSON.parse(body.toString('utf8')) as { items: unknown[] }).items);
      expect(sent).toEqual(JSON.parse(JSON.stringify(given)));
      expect(batches.map(({ number }) => number)).toEqual(batches.map((_, index) => index));
      for (const { ids, body, first } of batches) {
        expect(ids.length).toBeLessThanOrEqual(most);
        expect(body.length).toBeLessThanOrEqual(2_000);
        expect(texts[first - 1]?.id).toBe(ids[0]);
      }
      const whole = await split(inChunks(texts, []));
      expect(whole.map(({ body }) => body.toString('utf8'))).toEqual(batches.map(({ body }) => body.toString('utf8')));
    }),
  );
});
