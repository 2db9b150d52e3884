import { describe, expect, it } from 'vitest';
import { createChecker, createEvaluator, ExpressionError, typeName } from '../index.ts';

const row = {
  type: 'object',
  required: ['n', 'name'],
  properties: { n: { type: 'integer' }, name: { type: 'string' }, note: { type: 'string' } },
};
const checker = createChecker({
  params: [
    { name: 'n', type: 'integer', required: true },
    { name: 'f', type: 'number', required: true },
    { name: 's', type: 'string', required: true },
    { name: 'maybe', type: 'string', required: false },
    { name: 'rows', type: 'array', required: true, schema: { items: row } },
    { name: 'nested', type: 'array', required: true, schema: { items: { type: 'array', items: { type: 'integer' } } } },
    { name: 'meta', type: 'object', required: true, schema: { type: 'object', additionalProperties: { type: 'integer' } } },
    { name: 'mixed', type: 'array', required: true, schema: { items: { type: ['string', 'integer'] } } },
    { name: 'any', type: 'object', required: true },
  ],
});
const params = {
  n: 3,
  f: 2.5,
  s: 'abc',
  rows: [
    { n: 2, name: 'b' },
    { n: 1, name: 'a', note: 'x' },
  ],
  nested: [[1, 2], [3]],
  meta: { a: 1, b: 2 },
  mixed: ['a', 1],
  any: { list: [3, 1, 2], text: 't' },
};
const evaluator = createEvaluator();

describe('CEL extensions over JSON', () => {
  it.each([
    ['math.greatest(params.n, params.f, 1)', 'number', 3],
    ['math.least(params.rows.map(r, r.n))', 'int', 1],
    ['math.ceil(params.f) + math.floor(params.n) + math.round(2.5) + math.trunc(-2.5)', 'double', 7],
    ['math.abs(-params.n)', 'int', 3],
    ['math.sign(-2.5)', 'double', -1],
    ['math.sqrt(16)', 'double', 4],
    ['math.isNaN(0.0 / 0.0) && math.isInf(1.0 / 0.0) && math.isFinite(1.0)', 'bool', true],
    ['math.bitOr(math.bitAnd(6, 3), math.bitXor(5, 1)) + math.bitNot(0)', 'int', 5],
    ['math.bitShiftLeft(1, 4) + math.bitShiftRight(16, 2)', 'int', 20],
    ['lists.range(params.n)', 'list<int>', [0, 1, 2]],
    ['params.rows.slice(0, 1).map(r, r.name)', 'list<string>', ['b']],
    ['params.nested.flatten()', 'list<int>', [1, 2, 3]],
    ['[[[1]], [[2]]].flatten(2)', 'list<int>', [1, 2]],
    ['[1, 1.0, 2, "a", "a"].distinct()', 'list<number or string>', [1, 2, 'a']],
    ['params.nested.distinct().size()', 'int', 2],
    ['params.rows.map(r, r.n).sort()', 'list<int>', [1, 2]],
    ['params.rows.sortBy(r, r.name).map(r, r.n)', 'list<int>', [1, 2]],
    ['params.rows.map(r, r.n).reverse()', 'list<int>', [1, 2]],
    ['params.rows.first().?name.orValue("none")', 'string', 'b'],
    ['params.rows.last().?note.orValue("none")', 'string', 'x'],
    ['params.rows.filter(r, r.n > 9).first().hasValue()', 'bool', false],
    ['params.rows.transformList(i, r, i + r.n)', 'list<int>', [2, 2]],
    ['params.rows.transformList(i, r, has(r.note), r.note + string(i))', 'list<string>', ['x1']],
    ['params.meta.transformMap(k, v, v + 1)', 'map<string, int>', { a: 2, b: 3 }],
    ['params.meta.transformMap(k, v, v > 1, k)', 'map<string, string>', { b: 'b' }],
    ['params.rows.transformMapEntry(i, r, {r.name: i})', 'map<string, int>', { a: 1, b: 0 }],
    ['params.rows.all(i, r, i >= 0 && r.n > 0)', 'bool', true],
    ['params.rows.exists(i, r, i == 1 && r.name == "a")', 'bool', true],
    ['params.rows.existsOne(i, r, r.n == 1) && params.rows.existsOne(r, r.n == 1)', 'bool', true],
    ['params.meta.exists(k, v, k == "a" && v == 1)', 'bool', true],
    ['base64.encode(bytes(params.s))', 'string', 'YWJj'],
    ['string(base64.decode("YWJj"))', 'string', 'abc'],
    ['optional.ofNonZeroValue("").orValue("empty")', 'string', 'empty'],
    ['params.?maybe.optMap(m, m + "!").orValue("none")', 'string', 'none'],
    ['params.rows.last().optFlatMap(r, r.?note).orValue("none")', 'string', 'x'],
    ['{"s": params.s, ?"maybe": params.?maybe}', 'object', { s: 'abc' }],
    ['[params.s, ?params.?maybe, ?params.rows.last().?note]', 'list<string>', ['abc', 'x']],
    ['[?optional.of(1)][0]', 'int', 1],
    ['params.any.list.sort()', 'list', [1, 2, 3]],
    ['cel.bind(x, params.n * 2, x + x)', 'int', 12],
  ])('%s is %s', (source, type, value) => {
    const result = checker.check(source);
    expect(result.ok ? typeName(result.type) : result.problems).toBe(type);
    expect(evaluator.evaluate(source, { params })).toEqual(value);
  });

  it.each([
    ['math.greatest("a", 1)', '["a"] `math.greatest` takes numbers, or one list of them, not a string'],
    ['math.gratest(1)', '[gratest] `the functions of `MathNamespace``'],
    ['math.abs("a")', '["a"] `abs` does not take (string)'],
    ['params.mixed.sort()', '[params.mixed] what `sort` orders is numbers'],
    ['params.rows.sortBy(r, r)', '[r] the key of `sortBy` is numbers'],
    ['params.s.sortBy(r, r)', '[params.s] `params.s` is a string: `sortBy` takes a list'],
    ['params.rows.transformList(i, r, r.nme)', '[nme] `r` has no field "nme"'],
    ['params.rows.transformList(i, r, i + r.name)', '[i + r.name] `+` does not take an int and a string'],
    ['params.rows.all(i, r, r.n)', '[r.n] the condition of `all` is a bool, not an int'],
    ['params.rows.transformMapEntry(i, r, r.n)', '[r.n] `transformMapEntry` makes a map for each element'],
    ['params.n.transformList(i, r, r)', '[params.n] `params.n` is an int; only a list or a map has elements'],
    ['params.?maybe.optFlatMap(m, m)', '[m] `optFlatMap` makes an optional, not a string'],
    ['[?params.s]', '[params.s] an entry with `?` takes an optional, not a string'],
    ['{?"a": 1}', '[1] an entry with `?` takes an optional, not an int'],
    ['size(?params.s)', '[?] unexpected `?`'],
    ['base64.encode(params.s)', '[params.s] `encode` does not take (string)'],
    ['lists.range("a")', '["a"] `range` does not take (string)'],
    ['params.rows.slice(0)', '[slice] `slice` takes 2 arguments, not 1'],
    ['params.rows.revese()', '[revese] `params.rows` is a list<object>: it has no function "revese"'],
  ])('%s is refused', (source, expected) => {
    const result = checker.check(source);
    const [problem] = result.ok ? [] : result.problems;
    const shown = problem && `[${source.slice(problem.start, problem.end)}] ${problem.message}`;
    if (expected.includes('functions of')) expect(problem?.hint).toContain('`greatest`');
    else expect(shown).toContain(expected);
  });

  const failure = (source: string) => {
    try {
      return evaluator.evaluate(source, { params });
    } catch (error) {
      if (error instanceof ExpressionError) return error.code;
      throw error;
    }
  };
  it.each([
    ['[1].slice(0, 2)', 'expression-value'],
    ['[1].flatten(-1)', 'expression-value'],
    ['math.least([])', 'expression-value'],
    ['math.bitShiftLeft(1, -1)', 'expression-value'],
    ['math.abs(-9223372036854775808)', 'expression-value'],
    ['base64.decode("!")', 'expression-value'],
    ['[dyn(1), dyn("a")].sort()', 'expression-type'],
    ['[1, 2].transformMapEntry(i, v, {"a": v})', 'expression-value'],
    ['params.any.text.transformList(i, v, v)', 'expression-type'],
    ['[1, 2].exists(i, v, dyn(v) == 2 && i / 0 == 1)', 'expression-value'],
    ['lists.range(9000000000)', 'expression-limit'],
    ['lists.range(2000).map(a, lists.range(2000).map(b, lists.range(2000)))', 'expression-limit'],
    ['lists.range(10000).transformList(i, v, lists.range(10000).exists(j, w, w < 0))', 'expression-limit'],
    ['lists.range(1000).transformList(i, v, params.rows).flatten().map(a, lists.range(10000).sort())', 'expression-limit'],
    ['lists.range(20000).map(i, [i]).distinct()', 'expression-limit'],
    ['lists.range(1500).transformList(i, v, lists.range(1500))', 'expression-limit'],
  ])('%s fails: %s', (source, code) => {
    expect(failure(source)).toBe(code);
  });

  it('keeps no data after an evaluation, and evaluates again', () => {
    for (const rows of [params.rows, []])
      expect(evaluator.evaluate('params.rows.transformList(i, r, params.rows.sortBy(x, -x.n)[i].n)', { params: { rows } })).toEqual(
        rows.length === 0 ? [] : [2, 1],
      );
  });
});
