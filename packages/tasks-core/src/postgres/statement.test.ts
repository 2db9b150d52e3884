import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nearest } from '../input/nearest.ts';
import { placeOf } from './position.ts';
import { withoutValues } from './redact.ts';
import { firstWord } from './statement.ts';

it.each([
  ['SELECT 1', 'select'],
  ['  -- a comment\n/* another /* nested */ */ WITH x', 'with'],
  ['(SELECT 1)', '('],
  [';;commit', 'commit'],
  ['-- only', ''],
  ['/* open', ''],
])('the first word of %j is %j', (sql, word) => {
  expect(firstWord(sql)).toBe(word);
});

it('finds a first word in any text, in time', () => {
  fc.assert(fc.property(fc.string(), (sql) => typeof firstWord(sql) === 'string'));
  expect(firstWord(`${'/*'.repeat(100_000)}SELECT`)).toBe('');
});

it('a place is told by line and column, and shown in its line', () => {
  const sql = 'SELECT a,\n\tb + nope\nFROM t';
  expect(placeOf(sql, sql.indexOf('nope') + 1)).toEqual({ line: 2, column: 6, excerpt: ' b + nope\n     ^', near: 'nope' });
  const long = `SELECT ${'x, '.repeat(100)}nope FROM t`;
  expect(placeOf(long, long.indexOf('nope') + 1).excerpt).toMatch(/^….*nope FROM t\n {31}\^$/);
  expect(placeOf("SELECT '😀', nope", 13)).toMatchObject({ near: 'nope' });
});

it('names near a name are those that are nearly the same', () => {
  expect(nearest('ordrs', ['orders', 'order', 'users', 'payments'])).toEqual(['orders']);
  expect(nearest('x', ['orders'])).toEqual([]);
});

it('a message loses the values it was given, and keeps the names', () => {
  const at = (code: string, message: string, ...values: unknown[]) => withoutValues(message, { code }, values);
  expect(at('22P02', 'invalid input syntax for type integer: "s3cret"', 's3cret')).toBe('invalid input syntax for type integer: [value]');
  expect(at('23505', 'duplicate key value violates unique constraint "orders_pkey"', 'orders_pkey', 'value')).toContain('"orders_pkey"');
  expect(at('42P01', 'relation "s3cret" does not exist', { deep: ['s3cret'] })).toBe('relation [value] does not exist');
  expect(at('42P01', 'relation "orders" does not exist', 's3cret')).toBe('relation "orders" does not exist');
  expect(withoutValues('no s3cret-and-more here', { code: 'P0001', routine: 'exec_stmt_raise' }, ['s3cret', 's3cret-and-more'])).toBe(
    'no [value] here',
  );
});
