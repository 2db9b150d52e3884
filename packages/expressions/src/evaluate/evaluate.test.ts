import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpressionError } from '../errors.ts';
import { compileExpression } from './program.ts';
import type { EvaluationScope } from './root.ts';
import { createEvaluator, evaluateTemplate, SecretReference } from './template.ts';

const evaluator = createEvaluator();
const scope: EvaluationScope = {
  params: {
    n: 3,
    f: 2.5,
    whole: 2,
    s: 'héllo😀x',
    list: [1, 2.5, 3],
    rows: [
      { n: 1, tags: ['a'] },
      { n: 2, tags: ['b'] },
    ],
    nothing: null,
    big: 2 ** 60,
    prices: [1.5, 2.5],
    odd: JSON.parse('{"constructor":"c","__proto__":"p","toString":1}'),
    odds: [{ constructor: 1, v: 2 }],
  },
  tasks: { 'create-ns': { status: 'succeeded', output: { id: 'x' } }, skipped: { status: 'skipped' } },
  run: { id: 'r1', startedAt: '2024-01-01T00:00:00Z', dryRun: false, initiator: { id: 'ann', roles: ['sre'] } },
  item: 5,
  index: 0,
};
const evaluate = (source: string, at = scope) => evaluator.evaluate(source, at);

function failure(source: string, at = scope): ExpressionError {
  try {
    evaluate(source, at);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`${source} is ${JSON.stringify(evaluate(source, at))}`);
}

describe('evaluation over JSON', () => {
  it.each([
    // Integers are ints wherever they come from.
    ['params.n', 3],
    ['params["n"]', 3],
    ['string(params.n)', '3'],
    ['type(params.n) == int', true],
    ['type(params.f) == double', true],
    ['params.n / 2', 1],
    ['params.n % 2', 1],
    ['params.list[params.n - 1]', 3],
    ['params.n == 3 && params.n == 3.0 && params.n != "3"', true],
    ['size(params.list) == params.n', true],
    ['item % 2', 1],
    ['index', 0],
    ['params.rows.map(r, r.n)', [1, 2]],
    ['params.rows.map(r, r.n % 2)', [1, 0]],
    ['params.rows.filter(r, r.n > 1)', [{ n: 2, tags: ['b'] }]],
    ['params.rows.filter(r, r.n > 1).map(r, r.n / 2)', [1]],
    ['params.list.filter(x, x > 2).map(x, type(x) == int)', [false, true]],
    ['params.list.map(x, x)[0] / 2', 0],
    ['fromJson("[1, 2.5]")[0] % 2', 1],
    ['cel.bind(x, params.n, x / 2)', 1],
    ['params.big', 2 ** 60],
    ['type(params.big) == double', true],
    // Doubles that happen to be whole stay doubles.
    ['[2.0][0] / 4', 0.5],
    ['{"a": 2.0}.a / 4', 0.5],
    ['cel.bind(x, 2.0, x / 4)', 0.5],
    ['params.prices.map(p, p * 2.0).map(p, p / 2)', [1.5, 2.5]],
    ['(params.list + [2.0])[3] / 4', 0.5],
    ['(params.list + [2.0])[0] / 4', 0],
    // Ints and doubles mix.
    ['params.n * params.f', 7.5],
    ['1 + 0.5 - 1', 0.5],
    ['params.n / 2.0', 1.5],
    ['params.n < 3.5 && 3.5 > params.n', true],
    ['1 in params.list && 2.5 in params.list && !(7 in params.list)', true],
    ['params.list == [1, 2.5, 3]', true],
    ['params.rows == [{"n": 1, "tags": ["a"]}, {"n": 2.0, "tags": ["b"]}]', true],
    // Ids with a hyphen, and names that objects inherit.
    ['tasks["create-ns"].output.id', 'x'],
    ['params.odd.constructor', 'c'],
    ['params.odd["__proto__"]', 'p'],
    ['params.odd.map(k, k)', ['constructor', '__proto__', 'toString']],
    ['size(params.odd)', 3],
    ['size(params.odds)', 1],
    ['params.odds.map(o, o.constructor + o.v)', [3]],
    ['has(params.toString) || has(params.constructor) || "valueOf" in params', false],
    ['{"constructor": 1}.constructor', 1],
    // Absence.
    ['has(params.nope)', false],
    ['has(params.rows[0].n)', true],
    ['has(params.nothing) && params.nothing == null', true],
    ['params.?nope.orValue("none")', 'none'],
    ['params.?rows[?5].?n.orValue(0)', 0],
    ['params.nope == 1 || true', true],
    ['true || params.nope == 1', true],
    ['params.rows.exists(r, r.nope == 1 || r.n == 2)', true],
    // Beyond the standard.
    ['toJson(params.rows)', '[{"n":1,"tags":["a"]},{"n":2,"tags":["b"]}]'],
    ['toJson({"a": 1, "b": [2.5, true, null]})', '{"a":1,"b":[2.5,true,null]}'],
    ['sha256("abc")', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['sha256("é") == sha256(b"\\303\\251")', true],
    ['params.s.matches("^h.*x$") && matches(params.s, "l+") && !params.s.matches("^l")', true],
    // Texts are counted in characters.
    ['params.s.size()', 7],
    ['params.s.charAt(5) + params.s.charAt(7)', '😀'],
    ['params.s.substring(5, 6)', '😀'],
    ['params.s.indexOf("x")', 6],
    ['params.s.lastIndexOf("l")', 3],
    ['params.s.reverse()', 'x😀olléh'],
    ['"a,b,,c".split(",")', ['a', 'b', '', 'c']],
    ['"a,b,c".split(",", 2)', ['a', 'b,c']],
    ['"😀a".split("")', ['😀', 'a']],
    ['["a", "b"].join("-")', 'a-b'],
    ['"banana".replace("an", "AN") + "banana".replace("an", "AN", 1)', 'bANANabANana'],
    ['"ab".replace("", "-")', '-a-b-'],
    ['"ÄbC".lowerAscii() + "äbC".upperAscii()', 'ÄbcäBC'],
    [
      '"%s: %d of %.1f (%e, %x, %b) %%".format([params.s, params.n, params.f, 1052.03, 255, 5])',
      'héllo😀x: 3 of 2.5 (1.052030e+03, ff, 101) %',
    ],
    ['"%.2f %.0f %.0f %.2f".format([params.whole, 2.5, 3.5, 1e21])', '2.00 2 4 1000000000000000000000.00'],
    ['"%s %s".format([params.rows, {"b": 1, "a": [null, true]}])', '[{n: 1, tags: [a]}, {n: 2, tags: [b]}] {a: [null, true], b: 1}'],
    ['"\\u0085 a\\ufeff ".trim()', 'a\ufeff'],
    ['{1: "a", true: "b"}[1] + {2u: "c"}[2] + {1: "d"}[1.0]', 'acd'],
    ['{1: "a"}.map(k, k + 1)', [2]],
    ['{1: 2, "constructor": 3}', { 1: 2, constructor: 3 }],
    ['1 == 1.0 && [1] == [1.0] && {1: 1} == {1u: 1.0} && 1 != "1" && ["1"] != [1]', true],
    ['[].all(x, x > 1) && [].map(x, x / 2) == []', true],
    ['b"a" < b"b" && b"ab" > b"a"', true],
    ['strings.quote("a\\"\\n")', '"a\\"\\n"'],
  ])('%s', (source, expected) => {
    expect(evaluate(source)).toEqual(expected);
  });

  it('does not copy or touch data that it passes on', () => {
    const rows = Object.freeze([Object.freeze({ n: 1 })]);
    const at = { params: { rows } };
    expect(evaluate('params.rows', at)).toBe(rows);
    expect(evaluate('params.rows.filter(r, true)[0]', at)).toBe(rows[0]);
    expect((evaluate('{"a": [params.rows]}', at) as { a: unknown[] }).a[0]).toBe(rows);
    expect((evaluate('params.rows.map(r, r)', at) as unknown[])[0]).toBe(rows[0]);
  });

  it('makes plain objects, in which `__proto__` is a key', () => {
    const result = evaluate('{"__proto__": {"polluted": true}, "constructor": 1}') as object;
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(Object.entries(result)).toEqual([
      ['__proto__', { polluted: true }],
      ['constructor', 1],
    ]);
    expect(Object.getPrototypeOf(evaluate('[{"a": {"b": 1}}][0].a'))).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('results', () => {
  it.each([
    ['timestamp(run.startedAt)', '2024-01-01T00:00:00Z'],
    ['timestamp(run.startedAt) + duration("1.5s")', '2024-01-01T00:00:01.5Z'],
    ['string(timestamp(run.startedAt))', '2024-01-01T00:00:00Z'],
    ['timestamp(run.startedAt) - timestamp("2023-12-31T23:00:00Z")', '3600s'],
    ['duration("1m1.25s")', '61.25s'],
    ['duration("-0.5s")', '-0.5s'],
    ['string(duration("90m"))', '5400s'],
    ['b"hi\\xff"', 'aGn/'],
    ['type(1)', 'int'],
    ['7u', 7],
    ['[{"a": [timestamp(0), 1, 1.5]}]', [{ a: ['1970-01-01T00:00:00Z', 1, 1.5] }]],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['string(9007199254740993)', '9007199254740993'],
  ])('%s', (source, expected) => {
    expect(evaluate(source)).toEqual(expected);
  });

  it.each([
    ['9007199254740993', 'expression-value', 'outside of what JSON keeps exactly'],
    ['[params.n, 9007199254740993]', 'expression-value', 'outside of what JSON keeps exactly'],
    ['9223372036854775807 + 1', 'expression-value', 'out of the range of 64 bits'],
    ['1.0 / 0.0', 'expression-value', 'the result is Infinity'],
    ['0.0 / 0.0', 'expression-value', 'the result is NaN'],
    ['1 / 0', 'expression-value', 'division by zero'],
    ['params.?n', 'expression-type', 'the result is optional'],
    ['timestamp("9999-12-31T23:59:59Z") + duration("1s")', 'expression-value', 'out of range'],
  ])('%s: %s, %s', (source, code, message) => {
    expect(failure(source)).toMatchObject({ code, source, message: expect.stringContaining(message) });
  });
});

describe('errors', () => {
  it.each([
    ['params.nope', 'expression-value', '`params.nope`: `params` has no field "nope"; it has n, f, whole, s, list, rows, nothing, big'],
    ['tasks.skipped.output.id', 'expression-value', '`tasks.skipped.output.id`: `tasks.skipped` has no field "output"; it has status'],
    ['params.list[9]', 'expression-value', '`params.list[9]`: `params.list` has no element 9: it has 3, counted from 0'],
    ['params.nothing.x', 'expression-type', '`params.nothing.x`: `params.nothing` is null: it has no field "x"'],
    ['params.s.x', 'expression-type', '`params.s.x`: `params.s` is a string: it has no field "x"'],
    ['params.list["a"]', 'expression-type', '`params.list["a"]`: `params.list` is a list: its index is an int, not field "a"'],
    ['inputs.x', 'expression-value', '`inputs.x`: `inputs` cannot be read here'],
    ['inputs.x + 1', 'expression-value', '`inputs.x + 1`: `inputs` cannot be read here'],
    ['secrets.TOKEN', 'expression-value', '`secrets.TOKEN`: `secrets` cannot be read here'],
    ['params.n + params.s', 'expression-type', '`params.n + params.s`: no such overload: dyn<int> + dyn<string>'],
    ['params.n && true', 'expression-type', '`params.n && true`: `&&` takes bools, not an int'],
    ['1 in params.s', 'expression-type', '`1 in params.s`: `in` looks into a list or a map, not into a string'],
    ['params.n.map(x, x)', 'expression-type', '`params.n.map(x, x)`: only a list or a map has elements, not an int'],
    ['{"a": 1, "a": 2}', 'expression-value', '`{"a": 1, "a": 2}`: the map has the key "a" twice'],
    ['{null: 1}', 'expression-type', '`{null: 1}`: the key of a map is a string, an int or a bool, not null'],
    ['fromJson("{")', 'expression-value', '`fromJson("{")`: fromJson: the text is not JSON:'],
    ['params.s.matches("(")', 'expression-value', '`params.s.matches("(")`: not a regular expression'],
    ['"abc".substring(2, 1)', 'expression-value', 'substring: the end 1 is before the start 2'],
    ['"%d".format(["a"])', 'expression-value', 'format: `%d` does not take a string'],
    ['"%s %s".format([1])', 'expression-value', 'format: `%s` has no value, there is 1'],
    ['"%y".format([1])', 'expression-value', 'format: there is no `%y`'],
    ['{1: "a"}[1.5]', 'expression-value', 'has no field "1.5"'],
    ['params.rows[0][1]', 'expression-value', 'has no field "1"'],
    ['"abc".charAt(9)', 'expression-value', 'charAt: index 9 is out of range, the text has 3 characters'],
    ['timestamp(run.startedAt).getHours("nowhere")', 'expression-value', 'Invalid time zone specified: nowhere'],
    ['int("x")', 'expression-value', 'cannot convert to int'],
    ['1 +', 'expression-syntax', '`1 +`: the expression ends too early'],
    ['"a" + 1', 'expression-type', '`"a" + 1`: no such overload: string + int'],
  ])('%s: %s, %s', (source, code, message) => {
    const error = failure(source);
    expect(error).toMatchObject({ name: 'ExpressionError', code, source });
    expect(error.message).toContain(message);
  });

  it('point into the expression', () => {
    const source = '"x" + params.rows[0].nme';
    const { range } = failure(source);
    expect(range && source.slice(range.start, range.end)).toBe('params.rows[0].nme');
  });
});

describe('templates', () => {
  // Through JSON, which has no -0.
  const json = fc
    .jsonValue()
    .map((value) => JSON.parse(JSON.stringify(value)) as unknown)
    .filter((value) => !/"\$[^"]*":/.test(JSON.stringify(value)));
  it('without expressions stand for themselves', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(evaluateTemplate(value as never, {})).toEqual(value);
      }),
    );
  });

  it('pass JSON through', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(evaluateTemplate({ $cel: 'params.value' }, { params: { value } })).toBe(value);
        expect(evaluateTemplate([{ $cel: '{"a": [item]}' }], { item: value })).toEqual([{ a: [value] }]);
      }),
    );
  });

  it('read back what toJson wrote', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(evaluate('fromJson(toJson(item))', { item: value })).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([
    [{ $text: ['a-', { $cel: 'params.n' }, '-', { $cel: 'params.f' }, '-', { $cel: 'true' }] }, 'a-3-2.5-true'],
    [{ $text: ['x', { $cel: 'params.rows' }, { $cel: '{"a": 1}' }] }, 'x[{"n":1,"tags":["a"]},{"n":2,"tags":["b"]}]{"a":1}'],
    [
      { $text: [{ $cel: 'timestamp(run.startedAt)' }, ' ', { $cel: 'duration("1.5s")' }, ' ', { $cel: 'bytes("hé")' }] },
      '2024-01-01T00:00:00Z 1.5s hé',
    ],
    [{ $text: [{ $cel: '9007199254740993' }] }, '9007199254740993'],
    [
      {
        $map: [
          ['$ref', { $cel: 'params.n' }],
          ['__proto__', 1],
        ],
      },
      Object.fromEntries([
        ['$ref', 3],
        ['__proto__', 1],
      ]),
    ],
    [
      { a: { $cel: 'params.n' }, b: [{ $cel: 'run.id' }] },
      { a: 3, b: ['r1'] },
    ],
  ])('%j', (template, expected) => {
    expect(evaluateTemplate(template as never, scope)).toEqual(expected);
  });

  it('leaves out the fields of which an optional has nothing', () => {
    const template = { a: { $cel: 'params.?a' }, b: { $cel: 'params.?b' }, c: { d: { $cel: 'params.?b.?c' } }, e: { $cel: 'params.?n' } };
    expect(evaluateTemplate(template, { params: { a: 1, n: null } })).toEqual({ a: 1, c: {}, e: null });
    expect(evaluateTemplate(template, { params: { b: { c: [1] } } })).toEqual({ b: { c: [1] }, c: { d: [1] } });
    // Elsewhere there is nothing to leave out.
    expect(() => evaluateTemplate([{ $cel: 'params.?a' }], { params: {} })).toThrow('the result is optional');
    expect(() => evaluateTemplate({ $cel: 'params.?a' }, { params: { a: 1 } })).toThrow('the result is optional');
  });

  it('keep secrets as references', () => {
    expect(evaluateTemplate({ header: { $secret: 'TOKEN' } }, {})).toEqual({ header: new SecretReference('TOKEN') });
    expect(evaluateTemplate({ $cel: 'item' }, { item: { $secret: 'TOKEN' } })).not.toBeInstanceOf(SecretReference);
  });

  it('refuse null within text, and nodes that they do not know', () => {
    expect(() => evaluateTemplate({ $text: ['a', { $cel: 'params.nothing' }] }, scope)).toThrow('null cannot become part of a text');
    expect(() => evaluateTemplate({ $foo: 'x' } as never, scope)).toThrow('a template has no node `$foo`');
  });
});

describe('compileExpression', () => {
  it('is done once per source', () => {
    expect(compileExpression('params.n + 41')).toBe(compileExpression('params.n + 41'));
  });
});
