import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Slots } from './slots.ts';

const none: AbortSignal[] = [];

it('lets so many work at a time, in the order of asking', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 }),
      async (limit, lengths) => {
        const slots = new Slots(limit);
        const begun: number[] = [];
        let [now, most] = [0, 0];
        await Promise.all(
          lengths.map((turns, i) =>
            slots.use(none, async () => {
              begun.push(i);
              most = Math.max(most, ++now);
              for (let turn = 0; turn < turns; turn++) await null;
              now -= 1;
            }),
          ),
        );
        expect(most).toBeLessThanOrEqual(limit);
        expect(begun).toEqual(lengths.map((_, i) => i));
        expect(slots.waiting).toBe(0);
      },
    ),
  );
});

it('lets go of who gives up waiting, and of a place whose work failed', async () => {
  const slots = new Slots(1);
  const held = Promise.withResolvers<void>();
  const first = slots.use(none, () => held.promise);
  const gone = new AbortController();
  const second = slots.use([gone.signal], async () => 'never');
  const third = slots.use(none, async () => 'in turn');
  expect(slots.waiting).toBe(2);
  gone.abort(new Error('gave up'));
  await expect(second).rejects.toThrow('gave up');
  held.reject(new Error('failed'));
  await expect(first).rejects.toThrow('failed');
  expect(await third).toBe('in turn');
  await expect(slots.use([AbortSignal.abort(new Error('too late'))], async () => 'free, so it may try')).resolves.toBeDefined();
});
