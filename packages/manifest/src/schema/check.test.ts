import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromJson, type Node } from '../parse/node.ts';
import { checkValue } from './check.ts';
import type { AnySchema } from './refs.ts';
import { runbookSchema } from './runbook-schema.ts';
import { workflowSchema } from './workflow-schema.ts';

function texts(schema: AnySchema, value: unknown): string[] {
  return checkValue(schema, fromJson(value) as Node, { noun: 'property' }).map((problem) =>
    [problem.path.join('.'), problem.text].filter((part) => part !== '').join(' '),
  );
}

const person = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1 },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    role: { enum: ['admin', 'guest'] },
  },
  required: ['name'],
  additionalProperties: false,
};

describe('checkValue', () => {
  it.each<[unknown, string[]]>([
    [{ name: 'a', age: 3 }, []],
    [{ name: 'a', age: '3' }, ['age must be an integer, found "3"']],
    [{ name: 'a', age: 3.5 }, ['age must be an integer, found 3.5']],
    [{ name: '', age: -1 }, ['name must not be empty, found ""', 'age must be >= 0, found -1']],
    [{ nmae: 'a' }, ['has an unknown property "nmae"; did you mean "name"?']],
    [{ name: 'a', colour: 1 }, ['has an unknown property "colour"']],
    [{}, ['lacks the required property "name"']],
    [{ name: 'a', role: 'gest' }, ['role must be "admin" or "guest", found "gest"; did you mean "guest"?']],
    [[], ['must be a mapping, found an empty list']],
    [null, ['must be a mapping, found null']],
  ])('tells %j once and plainly', (value, expected) => {
    expect(texts(person, value)).toEqual(expected);
  });

  it('tells of alternatives only the one that was meant', () => {
    const file = {
      anyOf: [
        { type: 'string' },
        { type: 'object', properties: { path: { type: 'string' } }, required: ['path'], additionalProperties: false },
      ],
    };
    expect(texts(file, 5)).toEqual(['must be a string or a mapping, found 5']);
    expect(texts(file, { pth: 'x' })).toEqual(['has an unknown property "pth"; did you mean "path"?']);
    expect(texts(file, { path: 5 })).toEqual(['path must be a string, found 5']);
    const kinds = {
      oneOf: ['a', 'b'].map((kind) => ({
        type: 'object',
        properties: { kind: { const: kind }, [kind]: { type: 'integer' } },
        required: ['kind', kind],
      })),
    };
    expect(texts(kinds, { kind: 'b', b: 'x' })).toEqual(['b must be an integer, found "x"']);
    const quorum = { anyOf: [{ const: 'all' }, { type: 'integer', minimum: 1 }] };
    expect(texts(quorum, 0)).toEqual(['must be >= 1, found 0']);
    expect(texts(quorum, 'al')).toEqual(['must be "all", found "al"; did you mean "all"?']);
    expect(texts(quorum, true)).toEqual(['must be "all" or an integer, found true']);
    expect(texts({ anyOf: [{ const: 'on' }, { const: 'off' }] }, 'of')).toEqual(['must be "on" or "off", found "of"; did you mean "off"?']);
  });

  it('tells which of several fields is missing, or that there are too many', () => {
    const sleep = {
      type: 'object',
      properties: { ms: {}, until: {} },
      additionalProperties: false,
      oneOf: [{ required: ['ms'] }, { required: ['until'] }],
    };
    expect(texts(sleep, {})).toEqual(['lacks "ms" or "until"']);
    expect(texts(sleep, { ms: 1, until: 2 })).toEqual(['must have only one of "ms" and "until"']);
    expect(texts(sleep, { untl: 2 })).toEqual(['has an unknown property "untl"; did you mean "until"?']);
  });

  it('follows references, also recursive ones, and ends on circular ones', () => {
    const tree = {
      $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } }, additionalProperties: false } },
      $ref: '#/$defs/node',
    };
    expect(texts(tree, { next: { next: {} } })).toEqual([]);
    expect(texts(tree, { next: { nxt: {} } })).toEqual(['next has an unknown property "nxt"; did you mean "next"?']);
    expect(texts({ $defs: { a: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }, 1)).toEqual([]);
    expect(texts({ allOf: [{ $ref: '#' }] }, 1)).toEqual([]);
  });

  it('matches hostile patterns in linear time and knows no inherited names', () => {
    const start = performance.now();
    expect(texts({ pattern: '^(a+)+$' }, `${'a'.repeat(50_000)}!`)).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(texts({ type: 'object', required: ['constructor'] }, {})).toEqual(['lacks the required property "constructor"']);
    expect(texts({ type: 'object', additionalProperties: false }, { constructor: 1 })).toEqual(['has an unknown property "constructor"']);
  });
});

describe('checkValue, held against Ajv', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: false, ownProperties: true });
  addFormats.default(ajv);
  ajv.addFormat('re2', true);
  const scalar = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.integer({ min: -5, max: 5 }),
    fc.constantFrom(0.5, 1.5, 2.5),
    fc.constantFrom('', 'a', 'ab', 'b1', '2026-01-31'),
  );
  const names = fc.constantFrom('a', 'b', 'c');
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalar,
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(names, tie('any'), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).any;
  const small = fc.integer({ min: 0, max: 3 });
  const schema = fc.letrec<{ any: AnySchema }>((tie) => {
    const list = fc.array(tie('any'), { minLength: 1, maxLength: 3 });
    const map = fc.dictionary(names, tie('any'), { maxKeys: 2, noNullPrototype: true });
    const keywords = fc.record(
      {
        type: fc.constantFrom('string', 'integer', 'number', 'boolean', 'object', 'array', 'null', ['string', 'object'], ['array', 'null']),
        enum: fc.uniqueArray(value, { minLength: 1, maxLength: 3, selector: (item) => JSON.stringify(item) }),
        const: value,
        minimum: small,
        exclusiveMaximum: small,
        multipleOf: fc.constantFrom(0.5, 1, 2),
        minLength: small,
        maxLength: small,
        pattern: fc.constantFrom('^a', 'b$', '[0-9]'),
        format: fc.constantFrom('date', 'email'),
        items: tie('any'),
        prefixItems: list,
        contains: tie('any'),
        minItems: small,
        maxItems: small,
        uniqueItems: fc.boolean(),
        properties: map,
        patternProperties: fc.dictionary(fc.constantFrom('^a', 'b'), tie('any'), { maxKeys: 1, noNullPrototype: true }),
        additionalProperties: tie('any'),
        propertyNames: tie('any'),
        required: fc.uniqueArray(names, { maxLength: 2 }),
        dependentRequired: fc.dictionary(names, fc.uniqueArray(names, { maxLength: 2 }), { maxKeys: 1, noNullPrototype: true }),
        dependentSchemas: map,
        minProperties: small,
        maxProperties: small,
        allOf: list,
        anyOf: list,
        oneOf: list,
        not: tie('any'),
        if: tie('any'),
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: tie('any'),
        else: tie('any'),
      },
      { requiredKeys: [] },
    );
    const few = fc.tuple(keywords, fc.infiniteStream(fc.boolean())).map(([all, keep]) => {
      // Ajv 8.20 accepts an empty array for some schemas with both: the code it writes for one leaks a variable into the other.
      const names = Object.keys(all).filter((name) => keep.next().value === true && !(name === 'contains' && 'prefixItems' in all));
      return Object.fromEntries(names.slice(0, 4).map((name) => [name, all[name as keyof typeof all]])) as AnySchema;
    });
    return { any: fc.oneof({ depthSize: 'xsmall' }, { arbitrary: fc.boolean(), weight: 1 }, { arbitrary: few, weight: 6 }) };
  }).any;

  it('accepts exactly what Ajv accepts', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(schema, fc.array(value, { minLength: 1, maxLength: 5 }), (anySchema, values) => {
        const validate = ajv.compile(anySchema);
        for (const one of values) {
          const problems = texts(anySchema, one);
          expect({ schema: anySchema, value: one, valid: problems.length === 0, problems: [] }).toEqual({
            schema: anySchema,
            value: one,
            valid: validate(one),
            problems: [],
          });
        }
      }),
      { numRuns: 250 },
    );
  });

  it.each([
    ['Runbook', runbookSchema],
    ['Workflow', workflowSchema],
  ])('the schema of a %s is itself valid', (_, manifestSchema) => {
    expect(ajv.validateSchema(manifestSchema)).toBe(true);
  });
});
