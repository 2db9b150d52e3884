import { describe, expect, it } from 'vitest';
import { ExpressionError } from '../errors.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { createEvaluator } from './template.ts';

const thousand = Array.from({ length: 1_000 }, (_, i) => i);
const rows = Array.from({ length: 20_000 }, (_, i) => ({ id: `r${i}`, tags: ['a', 'b'] }));
const scope = {
  params: { thousand, rows, wrapped: { rows }, text: 'a'.repeat(1_000_000), patterns: rows.map(({ id }) => `(a|b)*${id}`) },
};

/** The message of the limit that an expression meets. */
function limit(source: string, evaluator = createEvaluator()): string {
  try {
    evaluator.evaluate(source, scope);
  } catch (error) {
    if (error instanceof ExpressionError && error.code === 'expression-limit') return error.message.slice(error.message.indexOf('`: ') + 3);
    throw error;
  }
  return 'none';
}

/** `cel.bind(x0, init, cel.bind(x1, body(x0), …))` */
function chain(length: number, init: string, body: (previous: string) => string): string {
  let source = `x${length}`;
  for (let i = length; i > 0; i--) source = `cel.bind(x${i}, ${body(`x${i - 1}`)}, ${source})`;
  return `cel.bind(x0, ${init}, ${source})`;
}

describe('limits of an evaluation', () => {
  it.each([
    ['a product of lists', 'params.thousand.map(a, params.thousand.map(b, params.thousand.map(c, a + b + c)))'],
    ['a search within a search', 'params.rows.exists(a, params.rows.exists(b, a.id == b.id + "x"))'],
    ['errors that a quantifier forgets', 'params.rows.exists(a, params.thousand.exists(b, b + a.id == 1))'],
    ['errors that `||` forgets', 'params.rows.map(a, params.thousand.map(b, (b + a.id == 1) || true))'],
    ['comparing large lists', 'params.rows.map(a, params.rows == params.rows + [1])'],
    ['looking through a list for each of another', 'params.rows.map(a, "x" in params.patterns)'],
    ['JSON of a large list, again and again', 'params.thousand.map(a, size(toJson(params.rows)))'],
    ['hashing', 'params.thousand.map(a, sha256(params.text))'],
    ['counting characters', 'params.rows.map(a, size(params.text))'],
    ['reversing', 'params.thousand.map(a, params.text.reverse())'],
    ['splitting', 'params.thousand.map(a, size(params.text.split("")))'],
    ['joining texts', 'params.rows.map(a, params.text + a.id)'],
    ['matching', 'params.thousand.map(a, params.text.matches("(a|aa|aaa)+b"))'],
    ['compiling patterns', 'params.rows.map(a, "x".matches(params.patterns[0] + a.id))'],
  ])('%s is too much work', (_, source) => {
    // A tenth of what is allowed, to be quick.
    expect(limit(source, createEvaluator({ work: DEFAULT_LIMITS.work / 10 }))).toContain('too much work');
  });

  it('counts work the same whatever was evaluated before', () => {
    const source = 'params.rows.map(a, "x".matches(params.patterns[0] + a.id))';
    const few = { params: { ...scope.params, rows: rows.slice(0, 5_000) } };
    const limits = { work: 6_000_000 };
    const outcomes = [1, 2, 3].map(() => {
      try {
        return createEvaluator(limits).evaluate(source, few) !== undefined;
      } catch {
        return false;
      }
    });
    expect(new Set(outcomes).size).toBe(1);
  });

  it.each([
    ['the same data many times', 'params.thousand.map(i, params.rows)', 'the result is too large: more than 2000000 values'],
    ['the same data within data', 'params.thousand.map(i, params.wrapped)', 'the result is too large: more than 2000000 values'],
    ['the same list in a literal', `[${Array(60).fill('params.rows').join()}]`, 'the result is too large: more than 2000000 values'],
    ['doubling', chain(24, '[1]', (x) => `[${x}, ${x}]`), 'the result is too large: more than 2000000 values'],
    ['doubling a text', chain(24, 'params.text', (x) => `${x} + ${x}`), 'a text would be 128000000 characters long; the limit is 67108864'],
    ['long texts', 'params.thousand.map(i, params.text)', 'the result is too large: more than 67108864 characters of text'],
    ['joined', 'params.thousand.map(i, params.text).join()', 'a text would be 1000000000 characters long; the limit is 67108864'],
    ['replaced', 'params.text.replace("a", params.text)', 'a text would be 1000001000000 characters long; the limit is 67108864'],
    ['a long pattern', 'params.text.matches(params.text)', 'a regular expression of 1000000 characters; the limit is 1000'],
  ])('%s is too large', (_, source, message) => {
    expect(limit(source)).toBe(message);
  });

  it('lets ordinary expressions over large data be', () => {
    for (const source of [
      'params.rows.filter(r, r.id != "r1").map(r, {"id": r.id, "first": r.tags[0]})',
      'params.rows.all(r, r.tags.exists(t, t == "b"))',
      'params.thousand.filter(a, !(a in params.thousand.filter(b, b % 2 == 0)))',
      'size(params.text) + size(toJson(params.rows))',
      'params.rows.map(r, r.id.matches("^r[0-9]+$"))',
    ]) {
      expect(limit(source)).toBe('none');
    }
  });

  it('can be set', () => {
    expect(limit('[1, 2, 3]', createEvaluator({ resultValues: 3 }))).toBe('the result is too large: more than 3 values');
    expect(limit('1 + 1 + 1', createEvaluator({ depth: 2 }))).toBe('the expression is 3 operations deep; the limit is 2');
    expect(Object.isFrozen(DEFAULT_LIMITS)).toBe(true);
  });

  it.each([
    ['a sum', Array(5_000).fill('1').join('+')],
    ['a disjunction', Array(500).fill('true').join('||')],
    ['brackets', `${'('.repeat(100)}1${')'.repeat(100)}`],
  ])('refuses %s that is too deep before it evaluates it', (_, source) => {
    expect(limit(source)).toMatch(/more than|deep/);
  });
});
