import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignable, createChecker, createEvaluator, ExpressionError, typeName } from './index.ts';
import type { Parameter } from './types/parameter.ts';

/*
 * What the checker lets through as proven does not fail for its types when it is evaluated over data that its schemas describe, and what
 * it says fits a schema does fit it. Expressions are made by type, with a mistake here and there that the checker has to find.
 */
const row = {
  type: 'object',
  required: ['id', 'n', 'tags'],
  properties: { id: { type: 'string' }, n: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } },
};
const schemas = {
  s: { type: 'string' },
  n: { type: 'integer' },
  f: { type: 'number' },
  b: { type: 'boolean' },
  names: { type: 'array', items: { type: 'string' } },
  counts: { type: 'array', items: { type: 'integer' } },
  rows: { type: 'array', items: row },
  row,
  meta: { type: 'object', additionalProperties: { type: 'integer' } },
  env: { enum: ['dev', 'prod'] },
};
const checker = createChecker({
  params: Object.entries(schemas).map(([name, schema]): Parameter => ({ name, type: 'object', required: true, schema })),
  tasks: [{ id: 'get-rows', readable: true, output: { type: 'object', required: ['rows'], properties: { rows: schemas.rows } } }],
});

const text = fc.string({ maxLength: 6 });
const int = fc.integer({ min: -20, max: 20 });
const rowData = fc.record({ id: text, n: int, tags: fc.array(text, { maxLength: 3 }) });
const data = fc.record({
  s: text,
  n: int,
  f: fc.oneof(int, fc.double({ noNaN: true, noDefaultInfinity: true, min: -9, max: 9 })),
  b: fc.boolean(),
  names: fc.array(text, { maxLength: 3 }),
  counts: fc.array(int, { maxLength: 3 }),
  rows: fc.array(rowData, { maxLength: 3 }),
  row: rowData,
  meta: fc.dictionary(text, int, { maxKeys: 3 }),
  env: fc.constantFrom('dev', 'prod'),
});

type Kind = 'string' | 'int' | 'number' | 'bool' | 'names' | 'counts' | 'rows' | 'row' | 'time';
const of = (...parts: (string | fc.Arbitrary<string>)[]) =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((all) => all.join(''));

const { any, ...byKind } = fc.letrec<{ [kind in Kind | 'any']: string }>((tie) => {
  const slip = (kind: Kind) => fc.oneof({ maxDepth: 4 }, { arbitrary: tie(kind), weight: 12 }, { arbitrary: tie('any'), weight: 1 });
  const string = slip('string');
  const number = slip('number');
  const ints = slip('int');
  const bool = slip('bool');
  const names = slip('names');
  const rows = slip('rows');
  const choose = (...options: fc.Arbitrary<string>[]) => fc.oneof({ depthSize: 'small', withCrossShrink: true }, ...options);
  return {
    any: choose(
      tie('string'),
      tie('int'),
      tie('number'),
      tie('bool'),
      tie('names'),
      tie('counts'),
      tie('rows'),
      tie('row'),
      tie('time'),
      fc.constantFrom('null', 'params.typo', 'params.meta', '[]', '{}'),
    ),
    string: choose(
      fc.constantFrom('params.s', '"a"', 'run.id', 'params.env', 'params.row.id'),
      of('(', string, ' + ', string, ')'),
      of('string(', fc.oneof(ints, number, bool, slip('time')), ')'),
      of('(', bool, ' ? ', string, ' : ', string, ')'),
      of(string, '.upperAscii()'),
      of(string, '.replace(', string, ', ', string, ')'),
      of(names, '.join(', string, ')'),
      of(names, '[0]'),
      of(rows, '[', ints, '].id'),
      of('toJson(', slip('row'), ')'),
      of('params.?row.?id.orValue(', string, ')'),
      of('cel.bind(v, ', string, ', v + ', string, ')'),
    ),
    int: choose(
      fc.constantFrom('params.n', '7', 'params.row.n', 'params.meta.x', 'params.row["n"]'),
      of('(', ints, fc.constantFrom(' + ', ' - ', ' * ', ' / ', ' % '), ints, ')'),
      of('size(', fc.oneof(string, names, rows, slip('row')), ')'),
      of('(-', ints, ')'),
      of('int(', fc.oneof(number, ints), ')'),
      of(slip('counts'), '[', ints, ']'),
      of(string, '.indexOf(', string, ')'),
    ),
    number: choose(
      fc.constantFrom('params.f', '2.5', 'params.n'),
      of('(', number, fc.constantFrom(' + ', ' - ', ' * ', ' / '), fc.oneof(number, ints), ')'),
      of('double(', number, ')'),
    ),
    bool: choose(
      fc.constantFrom('params.b', 'true', 'run.dryRun', 'params.env == "dev"', 'has(params.row.id)', 'params.env in ["dev", "prod"]'),
      of('(', number, fc.constantFrom(' < ', ' >= ', ' == ', ' != '), ints, ')'),
      of('(', string, fc.constantFrom(' < ', ' == '), string, ')'),
      of('(', bool, fc.constantFrom(' && ', ' || '), bool, ')'),
      of('!', bool),
      of('(', string, ' in ', names, ')'),
      of('(', string, ' in ', slip('row'), ')'),
      of(string, fc.constantFrom('.contains(', '.startsWith('), string, ')'),
      of(rows, fc.constantFrom('.exists(r, r.n > ', '.all(r, r.n != ', '.exists_one(r, r.n == '), number, ')'),
      of('(', slip('row'), ' == ', slip('row'), ')'),
      of('(', names, ' == ', names, ')'),
      of('(', slip('time'), ' < ', slip('time'), ')'),
    ),
    names: choose(
      fc.constantFrom('params.names', '["x"]', 'params.row.tags', 'params.meta.map(k, k)'),
      of(rows, '.map(r, r.id + ', string, ')'),
      of(rows, '.map(r, r.id)'),
      of('(', names, ' + ', names, ')'),
      of(names, '.filter(x, x != ', string, ')'),
      of(string, '.split(', string, ')'),
    ),
    counts: choose(fc.constantFrom('params.counts', '[1, 2]'), of(rows, '.map(r, r.n)'), of(rows, '.map(r, r.n > 0, r.n * ', ints, ')')),
    rows: choose(
      fc.constantFrom('params.rows', 'tasks["get-rows"].output.rows'),
      of(rows, '.filter(r, r.n > ', number, ')'),
      of('[', slip('row'), ']'),
    ),
    row: choose(
      fc.constantFrom('params.row'),
      of('{"id": ', string, ', "n": ', ints, ', "tags": ', names, '}'),
      of('(', bool, ' ? ', tie('row'), ' : ', tie('row'), ')'),
    ),
    time: choose(fc.constantFrom('timestamp(run.startedAt)'), of('(', slip('time'), ' + duration("1h"))')),
  };
});

const evaluator = createEvaluator();
const wanted: { [kind in Kind]: { schema: { [keyword: string]: unknown }; has: (value: unknown) => boolean } } = {
  string: { schema: { type: 'string' }, has: (value) => typeof value === 'string' },
  int: { schema: { type: 'integer' }, has: (value) => Number.isInteger(value) },
  number: { schema: { type: 'number' }, has: (value) => typeof value === 'number' },
  bool: { schema: { type: 'boolean' }, has: (value) => typeof value === 'boolean' },
  names: { schema: schemas.names, has: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string') },
  counts: { schema: schemas.counts, has: (value) => Array.isArray(value) && value.every(Number.isInteger) },
  rows: { schema: schemas.rows, has: (value) => Array.isArray(value) && value.every((each) => typeof each === 'object') },
  row: { schema: row, has: (value) => typeof value === 'object' && value !== null && !Array.isArray(value) },
  time: { schema: { type: 'string' }, has: (value) => typeof value === 'string' },
};

describe('an expression that checks and is proven', () => {
  it.each(Object.keys(wanted) as Kind[])('evaluates without a type error: %s', (kind) => {
    const seen = { sound: 0, refused: 0 };
    fc.assert(
      fc.property(fc.oneof({ arbitrary: byKind[kind], weight: 8 }, { arbitrary: any, weight: 1 }), data, (source, params) => {
        const checked = checker.check(source);
        if (!checked.ok) {
          seen.refused++;
          return;
        }
        // A slip can also make a value that may be several things.
        if (!checked.proven) return;
        seen.sound++;
        const run = { id: 'r', startedAt: '2024-01-01T00:00:00Z', dryRun: false, initiator: { id: 'a', roles: [] } };
        try {
          const value = evaluator.evaluate(source, {
            params,
            run,
            tasks: { 'get-rows': { status: 'succeeded', output: { rows: params.rows } } },
          });
          const { schema, has } = wanted[kind];
          // Were it not assignable, something else was made by a slip; a union or a map fits when it can.
          if (assignable(checked.type, schema).ok && !/ or |map</.test(typeName(checked.type)))
            expect(has(value), `${source} is ${JSON.stringify(value)}`).toBe(true);
        } catch (error) {
          if (!(error instanceof ExpressionError)) throw error;
          expect(error.code, error.message).toBe('expression-value');
        }
      }),
      { numRuns: 400 },
    );
    expect(seen.sound).toBeGreaterThan(100);
    expect(seen.refused).toBeGreaterThan(5);
  });
});
