import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatArray, type PgArray, parseArray } from './array-text.ts';

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'NULL', 'null', '{', '}', '"', '\\', ',', ' a ', '{}'));

it('an array of texts is read as it was written', () => {
  fc.assert(
    fc.property(fc.array(fc.option(text)), (values) => {
      expect(parseArray(formatArray(values), (found) => found)).toEqual(values);
    }),
  );
});

it('so is one of several dimensions, and of numbers', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.option(fc.integer()), { minLength: 1 }), { minLength: 1 }), (values) => {
      expect(parseArray(formatArray(values), Number)).toEqual(values);
    }),
  );
});

it.each([
  ['{}', []],
  ['[2:3]={a,b}', ['a', 'b']],
  [
    '{{a,b},{c,NULL}}',
    [
      ['a', 'b'],
      ['c', null],
    ],
  ],
  ['{"NULL",NULL}', ['NULL', null]],
])('reads %s', (given, expected) => {
  expect(parseArray(given, (found) => found)).toEqual(expected as PgArray<string>);
});

it('reads elements apart by another delimiter', () => {
  expect(parseArray('{(3,4),(1,2);(1,1),(0,0)}', (found) => found, ';')).toEqual(['(3,4),(1,2)', '(1,1),(0,0)']);
});

it('ends on any text, with an array or an error', () => {
  fc.assert(
    fc.property(fc.string(), (given) => {
      try {
        expect(Array.isArray(parseArray(`{${given}`, (found) => found))).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }),
  );
});
