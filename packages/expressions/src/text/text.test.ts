import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './near.ts';
import { choices, cut, didYouMean } from './words.ts';

describe('nearest', () => {
  it('suggests what may have been meant, nearest first, and nothing far-fetched', () => {
    expect(nearest('timeot', ['timeout', 'retry', 'time'])).toEqual(['timeout']);
    expect(nearest('connectors/kafka.publsh', ['connectors/kafka.publish', 'connectors/nats.publish'], 3)).toEqual([
      'connectors/kafka.publish',
      'connectors/nats.publish',
    ]);
    expect(nearest('sourceBucket', ['source_bucket', 'source-buckets'], 3)).toEqual(['source_bucket', 'source-buckets']);
    expect(nearest('int', ['string', 'integer'])).toEqual(['integer']);
    expect(nearest('x', ['completely', 'different'])).toEqual([]);
    expect(nearest('', ['a'])).toEqual([]);
    expect(nearest('a'.repeat(100_000), ['a'])).toEqual([]);
  });

  it('counts a swap of neighbours as one edit and stops at the limit', () => {
    expect(editDistance('fecth', 'fetch', 3)).toBe(1);
    expect(editDistance('abc', 'xyz', 1)).toBe(2);
  });
});

describe('words', () => {
  it('lists a few and counts the rest', () => {
    expect(choices([])).toBe('none');
    expect(choices(['a', 'b', 'c'])).toBe('"a", "b" or "c"');
    expect(choices([...'abcdefghij'], 'and')).toBe('"a", "b", "c", "d", "e", "f", "g", "h" and 2 more');
    expect(didYouMean(['a', 'b'])).toBe('; did you mean "a" or "b"?');
  });

  it('cuts between characters', () => {
    expect(cut('abcdef', 4)).toBe('abc…');
    expect(cut('ab😀def', 4)).toBe('ab…');
  });
});
