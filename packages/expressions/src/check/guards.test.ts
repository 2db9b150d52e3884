import { describe, expect, it } from 'vitest';
import { createEvaluator, type EvaluationScope } from '../index.ts';
import { typeName } from '../types/type.ts';
import { createChecker } from './checker.ts';

const text = { type: 'string' };
const item = {
  type: 'object',
  required: ['id', 'note', 'either'],
  properties: {
    id: text,
    size: { type: 'integer' },
    note: { type: ['string', 'null'] },
    either: { type: ['string', 'integer'] },
    inner: { type: 'object', properties: { deep: text } },
    rows: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } } } },
    shape: {
      oneOf: [
        { type: 'object', required: ['kind', 'radius'], properties: { kind: { const: 'circle' }, radius: { type: 'number' } } },
        { type: 'object', required: ['kind', 'side'], properties: { kind: { const: 'square' }, side: { type: 'integer' } } },
        { type: 'null' },
      ],
    },
  },
};
const checker = createChecker({
  params: [
    { name: 'given', type: 'string', required: true },
    { name: 'defaulted', type: 'string', required: false, default: 'x' },
    { name: 'maybe', type: 'string', required: false },
    { name: 'items', type: 'array', required: true, schema: { items: item } },
  ],
  tasks: ['a', 'b'].map((id) => ({ id, readable: true, output: { type: 'object', required: ['v'], properties: { v: text, w: text } } })),
  item,
});

const outcome = (source: string, given?: string) => {
  const result = checker.check(source, { given });
  if (result.ok) return typeName(result.type);
  return result.problems.map(({ start, end, message, hint }) => `[${source.slice(start, end)}] ${message} | ${hint}`).join('\n');
};

describe('what may be absent or null', () => {
  it.each([
    [
      'params.maybe + "x"',
      '[maybe] `params.maybe` may be absent: it is not required | guard it: `has(params.maybe) ? params.maybe : ...`, or say what to take then: `params.?maybe.orValue(...)`',
    ],
    [
      'item["size"] + 1',
      '["size"] `item["size"]` may be absent: it is not required | guard it: `"size" in item ? item["size"] : ...`, or say what to take then: `item.?size.orValue(...)`',
    ],
    ['item.inner.deep', expect.stringMatching(/^\[inner] `item.inner` may be absent.*\n\[deep] `item.inner.deep` may be absent/)],
    ['item.note + "x"', '[item.note] `item.note` may be null: `+` does not take it | guard it: `item.note != null ? ... : ...`'],
    ['item.note.size()', '[item.note] `item.note` may be null: `size` does not take it | guard it: `item.note != null ? ... : ...`'],
    [
      'item.either + 1',
      '[item.either] `item.either` may be a string: `+` does not take it | ask what it is first: `type(item.either) == int ? ... : ...`',
    ],
    ['has(item.shape) && item.shape.radius > 1.0', expect.stringMatching(/^\[radius] `item.shape` may be null: it has no field "radius"/)],
    [
      'has(item.shape) && item.shape != null && item.shape.radius > 1.0',
      expect.stringMatching(/^\[radius] `item.shape.radius` may be absent/),
    ],
    ['[1, "a"].join()', expect.stringMatching(/^\[\[1, "a"]] `\[1, "a"]` may be a list<int or string>: `join` does not take it/)],
    ['params.items.map(r, r.size)', expect.stringMatching(/^\[size] `r.size` may be absent/)],
    ['params.items.exists(r, has(r.size)) && params.items.map(r, r.size)[0] > 1', expect.stringMatching(/^\[size] `r.size` may be absent/)],
    // The guard says something of another value, or of nothing.
    ['has(item.size) || item.size > 1', expect.stringContaining('may be absent')],
    ['!has(item.size) && item.size > 1', expect.stringContaining('may be absent')],
    ['has(item.size) ? 1 : item.size', expect.stringContaining('may be absent')],
    ['has(item.size) && params.items.exists(item, item.size > 1)', expect.stringContaining('may be absent')],
    ['item.note == null ? item.note + "x" : ""', expect.not.stringMatching(/^string$/)],
  ])('%s', (source, expected) => {
    expect(outcome(source)).toEqual(expected);
  });

  it.each([
    ['params.defaulted + params.given', 'string'],
    ['has(params.maybe) ? params.maybe : "none"', 'string'],
    ['has(params.maybe) && params["maybe"] != ""', undefined],
    ['"maybe" in params && params["maybe"] != ""', 'bool'],
    ['!has(params.maybe) || params.maybe != ""', 'bool'],
    ['!has(params.maybe) ? "none" : params.maybe', 'string'],
    ['!(!has(params.maybe)) && params.maybe != ""', 'bool'],
    ['has(params.maybe) && params.given == "x" && params.maybe != ""', 'bool'],
    ['(has(params.maybe) && params.given == "x") ? params.maybe : ""', 'string'],
    ['params.?maybe.orValue("none")', 'string'],
    ['params.?maybe.hasValue() ? params.maybe : ""', 'string'],
    ['has(item.inner.deep) ? item.inner.deep : ""', 'string'],
    ['item.?inner.?deep.orValue("")', 'string'],
    ['item.?inner.deep.orValue("")', 'string'],
    ['has(item.inner) && has(item.inner.deep) && item.inner.deep != ""', 'bool'],
    ['item.note != null && item.note.size() > 3', 'bool'],
    ['item.note == null || item.note.size() > 3', 'bool'],
    ['item.note == null ? "" : item.note + "x"', 'string'],
    ['cel.bind(n, item.note, n == null ? "" : n + "x")', 'string'],
    ['type(item.either) == int ? item.either + 1 : 0', 'int'],
    ['type(item.either) == string ? item.either + "" : "x"', 'string'],
    ['has(item.shape) && item.shape != null && item.shape.kind == "circle" && item.shape.radius > 1.0', 'bool'],
    ['has(item.shape) && item.shape != null ? (item.shape.kind == "circle" ? item.shape.radius : item.shape.side) : 0', 'number'],
    ['has(item.shape) && item.shape != null && item.shape.kind in ["square"]', 'bool'],
    ['has(item.shape.radius) ? item.shape.radius : 0.0', 'number'],
    ['params.items.filter(r, has(r.size)).map(r, r.size + 1)', 'list<int>'],
    ['params.items.map(r, has(r.size), r.size)', 'list<int>'],
    ['params.items.filter(r, has(r.inner.deep)).map(x, x.inner.deep)', 'list<string>'],
    ['params.items.filter(r, r.note != null).map(r, r.note + "x")', 'list<string>'],
    ['has(item.rows) ? item.rows.filter(r, has(r.n)).map(r, r.n) : []', 'list<int>'],
    ['has(params.items[0].inner.deep) && params.items[0].inner.deep != ""', 'bool'],
    ['has(params.items[index].size) && params.items[index].size > 1', 'bool'],
    ['params.items.all(r, params.items.filter(x, has(x.size)).exists(y, has(r.size) && y.size == r.size))', 'bool'],
  ])('%s is guarded', (source, type) => {
    expect(outcome(source)).toBe(type ?? 'bool');
  });

  it('is guarded by what holds around the whole expression', () => {
    expect(outcome('params.maybe', 'has(params.maybe) && params.given != ""')).toBe('string');
    expect(outcome('params.maybe', 'params.given != ""')).toContain('may be absent');
    expect(outcome('params.maybe', 'has(')).toContain('may be absent');
  });

  it('an input that only passes an absent one on need not be guarded', () => {
    const runbook = createChecker({ inputs: [{ name: 'x', type: 'string', required: false }] });
    expect(runbook.check('inputs.x')).toMatchObject({ ok: true });
    expect(runbook.check('inputs.x + ""')).toMatchObject({ ok: false });
  });
});

describe('reads of tasks', () => {
  const guarded = (source: string) => {
    const result = checker.check(source);
    expect(result).toMatchObject({ ok: true });
    return result.refs.filter(({ kind }) => kind === 'task-output').map((ref) => ref.guarded);
  };
  it.each([
    ['tasks.a.output.v', [false]],
    ['has(tasks.a.output) ? tasks.a.output.v : ""', [true, true]],
    ['has(tasks.a.output.w) ? tasks.a.output.w : ""', [true, true]],
    ['tasks.a.?output.v.orValue("")', [true]],
    ['tasks.a.?output.?w.orValue("")', [true]],
    ['tasks.a.status == "succeeded" && tasks.a.output.v != ""', [true]],
    ['tasks.a.status != "succeeded" || tasks.a.output.v != ""', [true]],
    ['tasks.a.status == "failed" && tasks.a.output.v != ""', [false]],
    ['tasks.a.status == "succeeded" ? tasks.b.output.v : tasks.a.output.v', [false, false]],
    ['tasks.a.status == "succeeded" && tasks["a"].output.v != tasks.b.output.v', [true, false]],
  ])('%s', (source, expected) => {
    expect(guarded(source)).toEqual(expected);
  });

  it.each([
    ['tasks.a.status == "succeeded"', ['a']],
    ['has(tasks.a.output) && params.given == ""', ['a']],
    ['has(tasks.a.output.w) && tasks.b.status == "succeeded"', ['a', 'b']],
    ['tasks.a.status == "succeeded" || tasks.b.status == "succeeded"', []],
    ['tasks.a.status == "failed"', []],
    ['!(tasks.a.status != "succeeded")', ['a']],
  ])('%s proves %j', (source, provenTasks) => {
    expect(checker.check(source)).toMatchObject({ provenTasks });
  });

  it.each([
    ['always()', true],
    ['tasks.a.status != "failed" && params.given == ""', true],
    ['has(tasks.a.output) || always()', true],
    ['has(tasks.a.output)', false],
    ['params.given == "always()"', false],
  ])('%s is a status check: %s', (source, statusCheck) => {
    expect(checker.check(source)).toMatchObject({ statusCheck });
  });
});

describe('evaluation agrees', () => {
  const evaluator = createEvaluator();
  const scope: EvaluationScope = {
    params: { given: 'g' },
    tasks: { a: { status: 'failed' }, b: { status: 'succeeded', output: { v: '1' } } },
    item: { id: 'i', note: null, inner: null },
  };
  it.each([
    ['has(params.maybe)', false],
    ['has(params.given)', true],
    ['params.?maybe.orValue("none")', 'none'],
    ['has(tasks.a.output)', false],
    ['has(tasks.a.output.v)', false],
    ['has(tasks.b.output.v)', true],
    ['tasks.a.?output.v.orValue("none")', 'none'],
    ['tasks.b.?output.v.orValue("none")', '1'],
    ['has(item.inner.deep)', false],
    ['has(item.missing.deep)', false],
    ['item.?inner.?deep.orValue("none")', 'none'],
    ['has(item.rows[0].n)', false],
    ['always()', true],
  ])('%s is %j', (source, expected) => {
    expect(evaluator.evaluate(source, scope)).toEqual(expected);
  });
});
