import fc from 'fast-check';
import { expect, it } from 'vitest';
import { preview } from './preview.ts';

it('shows what is short as it is, and the beginning of what is long', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 60 }), (value, limit) => {
      const text = JSON.stringify(value);
      const shown = preview(value, limit);
      if (text.length <= limit) expect(shown).toBe(text);
      else {
        expect(shown.endsWith('…')).toBe(true);
        expect(shown.length).toBeLessThanOrEqual(limit + 1);
        expect(text.startsWith(shown.slice(0, -1))).toBe(true);
      }
    }),
  );
});

it('does not walk what it does not show', () => {
  let read = 0;
  const list = Array.from({ length: 1_000 }, () => ({
    get value() {
      read++;
      return 'v'.repeat(20);
    },
  }));
  expect(preview(list, 100)).toMatch(/…$/);
  expect(read).toBeLessThan(10);
  expect(preview(undefined)).toBe('undefined');
  expect(preview(Number.NaN)).toBe('null');
});
