import { expect, test } from 'vitest';
import { count, didYouMean, formatBytes, formatDuration, nearest, printable, table } from './text.ts';

test.each([
  ['lnt', ['lint', 'plan'], 'lint'],
  ['catalogues', ['catalogs', 'packages'], 'catalogs'],
  ['FILES', ['files'], 'files'],
  ['flies', ['files', 'bundle'], 'files'],
  ['x', ['files'], undefined],
  ['zzz', ['abc'], undefined],
  ['', ['ab'], undefined],
  ['a', [], undefined],
])('nearest to %s among %j is %s', (word, candidates, expected) => {
  expect(nearest(word, candidates)).toBe(expected);
});

test('a suggestion is a question, and nothing where there is none', () => {
  expect(didYouMean('rn', ['run'])).toBe('; did you mean "run"?');
  expect(didYouMean('quite-something-else', ['run'])).toBe('');
});

test.each([
  [0, '0ms'],
  [999.4, '999ms'],
  [2449, '2.4s'],
  [59_960, '1m 00s'],
  [187_000, '3m 07s'],
  [3_599_700, '1h 00m'],
  [7_500_000, '2h 05m'],
])('%d ms is %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('columns are aligned, the last one is not padded', () => {
  expect(
    table([
      ['a', 'bb', 'c'],
      ['aaa', 'b', 'ccc'],
    ]),
  ).toEqual(['a    bb  c', 'aaa  b   ccc']);
});

test('control characters are shown, letters of any script are kept', () => {
  expect(printable('a\u001b[2Jb\rc\td\ne – \u202eé')).toBe('a\\x1b[2Jb\\x0dc\td\ne – \\u202eé');
});

test('nouns follow their number', () => {
  expect([count(0, 'run'), count(1, 'run'), count(2, 'run')]).toEqual(['0 runs', '1 run', '2 runs']);
});

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1000, '1.0 KB'],
  [211_500_000, '211.5 MB'],
  [3e18, '3000.0 PB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
