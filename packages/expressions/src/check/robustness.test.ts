import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChecker } from './checker.ts';

const checker = createChecker({
  params: [
    { name: 'bucket', type: 'string', required: true },
    { name: 'n', type: 'integer', required: true },
  ],
  tasks: [
    {
      id: 'fetch',
      readable: true,
      output: { properties: { rows: { type: 'array', items: { type: 'object', properties: { n: { type: 'number' } } } } } },
    },
  ],
});

describe('any input', () => {
  const words = [
    'params',
    '.',
    'n',
    'bucket',
    'tasks',
    'fetch',
    'output',
    'rows',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '"a"',
    '1',
    '1.5',
    'null',
    '+',
    '-',
    '==',
    '&&',
    '?',
    ':',
    ',',
    '.map(x, ',
    '.?',
    'has(',
    '!',
    'in',
    'x',
    ' ',
    '\n',
    '//',
    "'",
    '\\',
    '__proto__',
    'constructor',
    '😀',
  ];
  it('has an outcome, and its problems a place', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(fc.constantFrom(...words), { maxLength: 25 }).map((parts) => parts.join('')),
        ),
        (source) => {
          const result = checker.check(source);
          if (result.ok) return;
          expect(result.problems.length).toBeGreaterThan(0);
          for (const { start, end } of result.problems) {
            expect(start).toBeGreaterThanOrEqual(0);
            expect(end).toBeGreaterThanOrEqual(start);
            expect(end).toBeLessThanOrEqual(source.length);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['a sum of 5,000', Array(5_000).fill('1').join('+')],
    ['a disjunction of 2,000', Array(2_000).fill('a').join('||')],
    ['a concatenation of 600', Array(600).fill('"a"').join('+')],
    ['brackets', `${'('.repeat(4_000)}1${')'.repeat(4_000)}`],
    ['lists', '['.repeat(3_000) + ']'.repeat(3_000)],
    ['negations', `${'!'.repeat(9_000)}true`],
    ['negations with comments', `${'-//\n'.repeat(2_400)}1`],
    ['conditions', `${'true?1:'.repeat(1_400)}1`],
    ['fields', `params${'.a'.repeat(3_000)}`],
    ['a megabyte', `"${'a'.repeat(1_000_000)}"`],
  ])('%s is refused as too large', (_, source) => {
    const result = checker.check(source);
    expect(result.ok ? 'ok' : result.problems).toMatchObject([
      { code: 'expression-syntax', message: expect.stringMatching(/limit|more than|deep/) },
    ]);
  });
});
