import fc from 'fast-check';
import { expect, test } from 'vitest';
import { durationMs } from './duration.ts';
import { filterOf } from './run/filter.ts';

test.each([
  ['90d', 90 * 86_400_000],
  ['1.5h', 5_400_000],
  [' 2w ', 1_209_600_000],
  ['0s', 0],
  ['250ms', 250],
])('%s is so many milliseconds', (text, ms) => expect(durationMs(text)).toBe(ms));

test.each(['', '90', 'd', '-1d', '1y', '1 d', '1e3s', '1d2h', '9999999999d'])('"%s" is no duration', (text) =>
  expect(durationMs(text)).toBeUndefined(),
);

test('whatever is given is a number from zero, or none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{0,4}\.?\d{0,4}(ms|s|m|h|d|w)$/)), (text) => {
      const ms = durationMs(text);
      expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true);
    }),
  );
});

test('times of a filter are durations before now, or dates of this machine', () => {
  const now = Date.parse('2026-03-10T12:00:00Z');
  expect(filterOf({ since: '2h', until: '30m' }, now)).toEqual({ since: now - 7_200_000, until: now - 1_800_000 });
  expect(filterOf({ since: '2026-03-01' }, now)).toEqual({ since: new Date(2026, 2, 1).getTime() });
  expect(filterOf({ since: '2026-03-01T12:00:00Z' }, now)).toEqual({ since: Date.parse('2026-03-01T12:00:00Z') });
  expect(filterOf({ since: '2026-03-01 12:00' }, now)).toEqual({ since: new Date(2026, 2, 1, 12).getTime() });
  for (const since of ['yesterday', '2026-13-01', '12:00', '1']) expect(() => filterOf({ since }, now)).toThrow(/is neither a duration/);
});
