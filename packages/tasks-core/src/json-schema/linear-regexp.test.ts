import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearRegExp } from './linear-regexp.ts';

/** The same language, but in a form that is never left to V8: a repeated group. */
const onRe2 = (pattern: string) => linearRegExp(`(?:${pattern}){1}`);

const TEXTS = [
  ...['', '\n', 'a', 'b', 'ab', 'aa', 'A', 'a\n', '\r', '\t', '\v', '\0', ' ', '\u00a0', '\u1680', '\u200a', '\u2028', '\ufeff', '\u3000'],
  ...[
    'é',
    'α',
    '٣',
    '😀',
    '\ud83d',
    '-',
    '/',
    '[',
    ']',
    ':',
    'alpha',
    'x{41}',
    '\u0085',
    '\u180e',
    '_',
    '.',
    '\\',
    '\x08',
    '\x1f',
    '\u{10ffff}',
  ],
];

describe('linearRegExp', () => {
  it.each([
    ...[
      '^\\s+$',
      '^\\S+$',
      '^[\\s]$',
      '^[^\\s]$',
      '^[\\S]$',
      '^[\\Sa]$',
      '^[^\\S]$',
      '^.$',
      '^.*$',
      '^[.]$',
      '^\\d$',
      '^\\w$',
      '^\\W$',
      '\\bx',
      'a\\B',
    ],
    ...[
      '^\\u0061$',
      '^\\u{1F600}$',
      '^\\uD83D\\uDE00$',
      '^[\\uD83D\\uDE00]$',
      '^\\x61$',
      '^\\cJ$',
      '^[\\b]$',
      '^\\0$',
      '^\\v$',
      '^\\/$',
      '^[\\-a]$',
      '^\\-?',
    ],
    ...[
      '^[]$',
      '^[^]$',
      '^[[:alpha:]',
      '^[a[]$',
      '^[&&]$',
      '^[\\]a]$',
      '^\\p{L}$',
      '^\\P{L}$',
      '^[\\p{Lu}\\d]$',
      '^\\p{Script=Greek}$',
      '^\\p{sc=Latin}$',
    ],
    ...[
      '^\\p{gc=Nd}$',
      'a|b',
      '^(?:a|b)$',
      '^(a|)$',
      '^a{2}$',
      '^a{1,}$',
      '^a{0,2}?$',
      '^(?<name>a)b?$',
      '^$',
      '',
      '\\.',
      '\\\\',
      '^[^a]$',
      '^[a-c]+$',
    ],
  ])('%s means the same as to JavaScript', (pattern) => {
    let native: RegExp;
    try {
      native = new RegExp(pattern, 'u');
    } catch {
      expect(() => linearRegExp(pattern)).toThrow(/Invalid regular expression/);
      return;
    }
    for (const text of TEXTS) {
      expect([text, linearRegExp(pattern).test(text)]).toEqual([text, native.test(text)]);
      expect([text, onRe2(pattern).test(text)]).toEqual([text, native.test(text)]);
    }
  });

  it('agrees with JavaScript on random patterns and texts', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '.',
      '\\s',
      '\\S',
      '\\d',
      '\\w',
      '[ab]',
      '[^a]',
      '[\\s\\d]',
      '\\u0061',
      '\\n',
      '😀',
      '\\p{L}',
      '\\-'.slice(1),
    );
    const pattern = fc.letrec<{ any: string }>((tie) => ({
      any: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        atom,
        fc.tuple(atom, fc.constantFrom('*', '+', '?', '{2}', '{0,3}', '{1,}', '+?')).map(([a, q]) => a + q),
        fc.tuple(tie('any'), tie('any')).map(([a, b]) => a + b),
        fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(?:${a}|${b})`),
        tie('any').map((a) => `(${a})?`),
        tie('any').map((a) => `^${a}`),
        tie('any').map((a) => `${a}$`),
        tie('any').map((a) => `(?:${a})*`),
      ),
    })).any;
    const text = fc
      .array(fc.constantFrom('a', 'b', ' ', '1', '\n', '\u2028', '😀', 'é', '-'), { maxLength: 8 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 5 }), (source, texts) => {
        const native = new RegExp(source, 'u');
        for (const each of texts) {
          expect(linearRegExp(source).test(each)).toBe(native.test(each));
          expect(onRe2(source).test(each)).toBe(native.test(each));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    '^(a+)+$',
    '^(a|a)*$',
    '^(a|aa)+$',
    '(x+x+)+y',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    'a*a*a*a*a*a*b',
    '(.*)(.*)(.*)(.*)[0-9]',
    '^(?:a?){30}a{30}$',
  ])('%s takes linear time', (pattern) => {
    const expression = linearRegExp(pattern);
    const started = performance.now();
    expression.test(`${'a'.repeat(100_000)}!`);
    expression.test('x'.repeat(100_000));
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('takes linear time for every pattern it leaves to JavaScript', () => {
    const piece = fc.constantFrom('a', '[ab]', 'a{0,9}', 'a{3}', 'a+', 'a*', '(?:a|aa)', '(a|b|ab)', 'a?', '.*', 'b');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.constantFrom('', '^'), fc.constantFrom('', '$'), (pieces, start, end) => {
        const expression = linearRegExp(`${start}${pieces.join('')}${end}`);
        const began = performance.now();
        expression.test(`${'a'.repeat(50_000)}!`);
        expect(performance.now() - began).toBeLessThan(1_000);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['(?=a)', 'the lookahead (?= is not supported'],
    ['a(?!b)', 'the lookahead (?! is not supported'],
    ['(?<=a)b', 'the lookbehind (?<= is not supported'],
    ['(?<!a)b', 'the lookbehind (?<! is not supported'],
    ['(a)\\1', 'the back reference \\1 is not supported'],
    ['(?<n>a)\\k<n>', 'the back reference \\k<n> is not supported'],
    ['^(a{0,2000}b)*$', 'the repetition {0,2000} is above 1000; say it with minLength or maxLength'],
    ['(', 'Unterminated group'],
    ['\\_', 'Invalid escape'],
  ])('%s is refused: %s', (pattern, why) => {
    expect(() => linearRegExp(pattern)).toThrow(why);
  });

  it('tells patterns apart by their text', () => {
    expect(String(linearRegExp('(a+)+'))).toBe('/(a+)+/u');
    expect(String(linearRegExp('^a'))).toBe('/^a/u');
  });
});
