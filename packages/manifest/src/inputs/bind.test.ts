import { describe, expect, it } from 'vitest';
import type { Parameter, Plan } from '../plan.ts';
import { bindInputs } from './bind.ts';
import { bindParameters } from './parameters.ts';

const parameter = (name: string, type: Parameter['type'], more: Partial<Parameter> = {}): Parameter => ({
  name,
  type,
  required: false,
  ...more,
});

function messages(parameters: Parameter[], given: Record<string, unknown>, coerce = false): string[] {
  return bindInputs(parameters, given, { coerce }).problems.map((problem) => `${problem.code}: ${problem.message}`);
}

describe('bindInputs', () => {
  it('accepts what fits, fills in defaults, leaves out what is optional', () => {
    const parameters = [parameter('a', 'string', { required: true }), parameter('b', 'integer', { default: 3 }), parameter('c', 'array')];
    expect(bindInputs(parameters, { a: 'x' })).toEqual({ values: { a: 'x', b: 3 }, problems: [] });
  });

  it('tells all problems at once', () => {
    const parameters = [
      parameter('service', 'string', { required: true, description: 'What to deploy' }),
      parameter('to', 'string', { required: true, enum: ['dev', 'prod'] }),
      parameter('count', 'integer', { required: true }),
      parameter('key', 'string', { pattern: '^[a-z]+$' }),
    ];
    expect(messages(parameters, { servce: 'x', to: 'prd', key: 'A1', other: 1 })).toEqual([
      'unknown-input: unknown input "servce"; did you mean "service"?',
      'unknown-input: unknown input "other"',
      'invalid-input: the input "to" must be "dev" or "prod", found "prd"; did you mean "prod"?',
      'missing-input: the input "count" (integer) is required',
      'invalid-input: the input "key" must match "^[a-z]+$", found "A1"',
    ]);
  });

  it.each<[Parameter['type'], unknown[], unknown[]]>([
    ['string', ['', 'x'], [1, null, {}]],
    ['integer', [0, -3, 2.0], [1.5, '1', true]],
    ['number', [0, 1.5], ['1', Number.NaN]],
    ['boolean', [true, false], ['true', 0]],
    ['datetime', ['2026-01-31T09:30:00Z', '2026-01-31T09:30:00.5+02:00'], ['2026-01-31', '2026-13-01T00:00:00Z', 'yesterday']],
    ['date', ['2026-01-31'], ['2026-02-30', '31.01.2026']],
    ['duration', ['500ms', '30s', '7d'], ['5', 'PT5M', '1.5h']],
    ['uri', ['https://example.org/x?y#z', 'urn:a:b'], ['example', 'http://a b']],
    ['object', [{}, { a: { b: [1] } }], [[], 'x', null]],
    ['array', [[], [1, 'a']], [{}, 'x']],
  ])('%s', (type, good, bad) => {
    for (const value of good) expect(bindInputs([parameter('a', type)], { a: value })).toEqual({ values: { a: value }, problems: [] });
    for (const value of bad) expect(bindInputs([parameter('a', type)], { a: value }).problems, JSON.stringify(value)).toHaveLength(1);
  });

  it.each<[Parameter['type'], string, unknown]>([
    ['string', '5', '5'],
    ['integer', '5', 5],
    ['number', '-1.5e3', -1500],
    ['boolean', 'true', true],
    ['object', '{"a":1}', { a: 1 }],
    ['array', '[1,2]', [1, 2]],
    ['date', '2026-01-31', '2026-01-31'],
  ])('reads text from a command line as %s', (type, text, value) => {
    expect(bindInputs([parameter('a', type)], { a: text }, { coerce: true })).toEqual({ values: { a: value }, problems: [] });
  });

  it('says what text it cannot read', () => {
    expect(messages([parameter('a', 'integer')], { a: 'five' }, true)).toEqual([
      'invalid-input: the input "a" must be an integer, found "five"',
    ]);
    expect(messages([parameter('a', 'integer')], { a: '12345678901234567890' }, true)).toHaveLength(1);
    expect(messages([parameter('a', 'object')], { a: '{a:1}' }, true)).toEqual([
      'invalid-input: the input "a" must be a JSON object, found "{a:1}"',
    ]);
    expect(messages([parameter('a', 'boolean')], { a: 'yes' }, true)).toEqual([
      'invalid-input: the input "a" must be true or false, found "yes"',
    ]);
  });

  it('checks the schema of a parameter, with the place inside the value', () => {
    const files = parameter('files', 'object', {
      schema: {
        properties: { items: { type: 'array', minItems: 1, items: { type: 'string' } } },
        required: ['items'],
        additionalProperties: false,
      },
    });
    expect(messages([files], { files: { items: ['a', 5] } })).toEqual(['invalid-input: files.items[1] must be a string, found 5']);
    expect(messages([files], { files: { itms: [] } })).toEqual([
      'invalid-input: the input "files" has an unknown property "itms"; did you mean "items"?',
    ]);
    expect(messages([files], { files: {} })).toEqual(['invalid-input: the input "files" lacks the required property "items"']);
  });

  it('knows no inherited names, and neither hangs nor grows with hostile values', () => {
    const given = JSON.parse('{"__proto__":{"polluted":1},"constructor":1,"a":{"__proto__":{"polluted":1}}}') as Record<string, unknown>;
    const bound = bindInputs([parameter('a', 'object')], given);
    expect(bound.problems.map(({ name }) => name)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    const kept = bindInputs([parameter('a', 'object')], { a: given.a }).values?.a;
    expect(Object.getPrototypeOf(kept)).toBe(Object.prototype);
    expect(JSON.stringify(kept)).toBe('{"__proto__":{"polluted":1}}');

    const start = performance.now();
    expect(messages([parameter('a', 'string', { pattern: '^(a+)+$' })], { a: `${'a'.repeat(100_000)}!` })).toHaveLength(1);
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(messages([parameter('a', 'array')], { a: deep })).toHaveLength(1);
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(messages([parameter('a', 'array')], { a: cyclic })).toHaveLength(1);
    expect(
      messages([parameter('a', 'array', { schema: { items: { type: 'string' } } })], { a: Array(300_000).fill(1) }).length,
    ).toBeLessThanOrEqual(100);
    expect(performance.now() - start).toBeLessThan(4_000);
    expect(messages([parameter('a', 'object')], { a: new Date() })).toHaveLength(1);
    expect(messages([parameter('a', 'string')], { a: 1n })).toHaveLength(1);
  });
});

describe('bindParameters', () => {
  const plan = (bindings: Plan['bindings'], inputs: Parameter[], parameters: Parameter[]): Plan => ({
    apiVersion: 'maestro/v1',
    kind: 'Plan',
    workflow: { name: 'w', version: '1.0.0' },
    inputs,
    bindings,
    parameters,
    tasks: [],
    outputs: {},
  });

  it('evaluates bindings, leaves out what was not given and fills in defaults', () => {
    const inputs = [parameter('since', 'string'), parameter('count', 'integer'), parameter('name', 'string', { required: true })];
    const parameters = [
      parameter('since', 'string'),
      parameter('count', 'integer', { default: 5 }),
      parameter('title', 'string', { required: true }),
    ];
    const bindings = {
      since: { $cel: 'inputs.since' },
      count: { $cel: 'inputs.count' },
      title: { $text: ['Hello ', { $cel: 'inputs.name' }] },
    };
    expect(bindParameters(plan(bindings, inputs, parameters), { name: 'x' })).toEqual({
      values: { count: 5, title: 'Hello x' },
      problems: [],
    });
    expect(bindParameters(plan(bindings, inputs, parameters), { name: 'x', count: 7, since: 'now' }).values).toEqual({
      since: 'now',
      count: 7,
      title: 'Hello x',
    });
  });

  it('tells what does not evaluate or does not fit', () => {
    const inputs = [parameter('list', 'array', { required: true })];
    const parameters = [parameter('first', 'integer', { required: true }), parameter('size', 'string', { required: true })];
    const bindings = { first: { $cel: 'inputs.list[7]' }, size: { $cel: 'size(inputs.list)' } };
    const { problems } = bindParameters(plan(bindings, inputs, parameters), { list: [1] });
    expect(problems.map(({ name, code }) => `${name} ${code}`)).toEqual(['first invalid-input', 'size invalid-input']);
  });
});
