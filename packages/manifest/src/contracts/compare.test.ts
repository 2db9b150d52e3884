import { readFileSync } from 'node:fs';
import { contractOf, type DeclaredTask, type JsonSchema, type TaskContract } from '@summit/maestro-sdk';
import { tasks } from '@summit/maestro-tasks-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromJson } from '../parse/node.ts';
import { checkValue } from '../schema/check.ts';
import type { Side } from './change.ts';
import { type ComparedContract, compareContracts } from './compare.ts';
import { compareSchemas } from './schemas.ts';

const testdata = JSON.parse(readFileSync(new URL('../../testdata/contracts.json', import.meta.url), 'utf8')) as TaskContract[];
const contract: ComparedContract = { effect: 'read', durable: false, input: { type: 'object' }, output: { type: 'object' } };
const object = (properties: JsonSchema, required: string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const text = { type: 'string' };

function told(side: Side, before: JsonSchema, after: JsonSchema): string[] {
  return compareSchemas(before, after, side).map((change) => `${change.breaking ? 'breaking' : 'ok'} ${change.path} ${change.message}`);
}

describe('contracts', () => {
  it('are compatible with themselves, whatever shape they have', () => {
    for (const one of [...testdata, ...tasks.map((task) => contractOf(task as unknown as DeclaredTask))]) {
      expect(compareContracts(one, structuredClone(one)), one.name).toEqual({ compatible: true, changes: [] });
      const described = { ...one, input: { ...one.input, description: 'other words', title: 'T' } };
      expect(compareContracts(one, described).changes).toEqual([]);
    }
  });

  it('break with another effect or durability; a new secret is told', () => {
    expect(compareContracts(contract, { ...contract, effect: 'write', durable: true, secrets: ['TOKEN'] })).toEqual({
      compatible: false,
      changes: [
        { path: 'effect', breaking: true, message: 'the effect was read and is write' },
        { path: 'durable', breaking: true, message: 'the task is durable now' },
        { path: 'secrets', breaking: false, message: 'may ask for the secret TOKEN' },
      ],
    });
  });
});

describe('inputs', () => {
  const cases: [name: string, before: JsonSchema, after: JsonSchema, told: string[]][] = [
    ['new required', object({}), object({ a: text }, ['a']), ['breaking input.a is new and required']],
    ['new optional', object({}), object({ a: text }), ['ok input.a is new and optional']],
    ['now required', object({ a: text }), object({ a: text }, ['a']), ['breaking input.a is required now']],
    ['now optional', object({ a: text }, ['a']), object({ a: text }), ['ok input.a is optional now']],
    ['removed', object({ a: text }), object({}), ['breaking input.a was removed']],
    [
      'other type',
      object({ a: text }),
      object({ a: { type: 'integer' } }),
      ['breaking input.a no longer takes string; it was string and is integer'],
    ],
    ['integer to number', object({ a: { type: 'integer' } }), object({ a: { type: 'number' } }), []],
    [
      'number to integer',
      object({ a: { type: 'number' } }),
      object({ a: { type: 'integer' } }),
      ['breaking input.a no longer takes number; it was number and is integer'],
    ],
    ['enum lost', object({ a: { enum: ['x', 'y'] } }), object({ a: { enum: ['x'] } }), ['breaking input.a no longer takes "y"']],
    ['enum gained', object({ a: { enum: ['x'] } }), object({ a: { enum: ['x', 'y'] } }), ['ok input.a takes also "y"']],
    ['enum to text', object({ a: { enum: ['x'] } }), object({ a: text }), ['ok input.a takes more than before']],
    ['text to enum', object({ a: text }), object({ a: { enum: ['x'] } }), ['breaking input.a takes only "x"']],
    [
      'lower limit',
      object({ a: { type: 'integer', maximum: 9 } }),
      object({ a: { type: 'integer', maximum: 5 } }),
      ['breaking input.a maximum was 9 and is 5'],
    ],
    [
      'higher limit',
      object({ a: { type: 'integer', maximum: 5 } }),
      object({ a: { type: 'integer', maximum: 9 } }),
      ['ok input.a maximum was 5 and is 9'],
    ],
    ['new pattern', object({ a: text }), object({ a: { ...text, pattern: '^x' } }), ['breaking input.a pattern is new: "^x"']],
    [
      'in a list',
      object({ a: { type: 'array', items: object({ b: text }) } }),
      object({ a: { type: 'array', items: object({}) } }),
      ['breaking input.a[].b was removed'],
    ],
    ['one more alternative', { anyOf: [text] }, { anyOf: [text, { type: 'null' }] }, ['ok input takes more than before']],
    ['one alternative less', { anyOf: [text, { type: 'null' }] }, text, ['breaking input no longer takes null; it was null and is string']],
    [
      'behind references',
      { $ref: '#/$defs/a', $defs: { a: object({ b: text }) } },
      { $ref: '#/$defs/a', $defs: { a: object({}) } },
      ['breaking input.b was removed'],
    ],
    ['closed', { type: 'object' }, object({}), ['breaking input no longer takes other fields']],
    [
      'other default',
      object({ a: { ...text, default: 'x' } }),
      object({ a: { ...text, default: 'y' } }),
      ['ok input.a default was "x" and is "y"'],
    ],
    [
      'one of two required, then only the one',
      { ...object({ a: text, b: text }), oneOf: [{ required: ['a'] }, { required: ['b'] }] },
      object({ a: text, b: text }, ['a']),
      ['ok input.b is optional now', 'breaking input.a is required now'],
    ],
    [
      'exclusive alternatives that were not',
      object({ a: text, b: text }),
      { ...object({ a: text, b: text }), oneOf: [{ required: ['a'] }, { required: ['b'] }] },
      ['breaking input exactly one of several shapes is asked for, which was not so'],
    ],
  ];
  it.each(cases)('%s', (_, before, after, expected) => {
    expect(told('input', before, after)).toEqual(expected);
  });
});

describe('outputs', () => {
  const cases: [name: string, before: JsonSchema, after: JsonSchema, told: string[]][] = [
    ['removed', object({ a: text }, ['a']), object({}), ['breaking output.a was removed']],
    ['now optional', object({ a: text }, ['a']), object({ a: text }), ['breaking output.a is not always there any more']],
    ['now always there', object({ a: text }), object({ a: text }, ['a']), []],
    ['new', object({}), object({ a: text }, ['a']), ['ok output.a is new']],
    [
      'wider type',
      object({ a: text }),
      object({ a: { type: ['string', 'null'] } }),
      ['breaking output.a may now be null; it was string and is string or null'],
    ],
    ['narrower type', object({ a: { type: ['string', 'null'] } }), object({ a: text }), ['ok output.a says more precisely what it is']],
    ['wider enum', object({ a: { enum: ['x'] } }), object({ a: { enum: ['x', 'y'] } }), ['breaking output.a may now be "y"']],
    ['narrower enum', object({ a: { enum: ['x', 'y'] } }), object({ a: { enum: ['x'] } }), ['ok output.a says more precisely what it is']],
    ['enum to text', object({ a: { enum: ['x'] } }), object({ a: text }), ['breaking output.a is no longer one of "x"']],
    [
      'longer',
      object({ a: { ...text, maxLength: 5 } }),
      object({ a: { ...text, maxLength: 9 } }),
      ['breaking output.a maxLength was 5 and is 9'],
    ],
    ['open, then closed', { type: 'object', properties: { a: text } }, object({ a: text }), []],
  ];
  it.each(cases)('%s', (_, before, after, expected) => {
    expect(told('output', before, after)).toEqual(expected);
  });
});

describe('any two schemas', () => {
  const leaf: fc.Arbitrary<JsonSchema> = fc.oneof(
    fc.record({ type: fc.constantFrom('string', 'integer', 'number', 'boolean', 'null') }),
    fc.record({ type: fc.constant('integer'), minimum: fc.nat(3), maximum: fc.nat(6) }),
    fc.record({ type: fc.constant('string'), maxLength: fc.nat(3) }),
    fc.record({ enum: fc.uniqueArray(fc.constantFrom<unknown>('a', 'b', 1, null, true), { minLength: 1 }) }),
  );
  const schema = fc.letrec<{ schema: JsonSchema }>((tie) => ({
    schema: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc
        .record({ fields: fc.dictionary(fc.constantFrom('a', 'b'), tie('schema')), needs: fc.subarray(['a', 'b']), closed: fc.boolean() })
        .map(({ fields, needs, closed }) => ({
          type: 'object',
          properties: fields,
          required: needs.filter((name) => Object.hasOwn(fields, name)),
          // Open objects are compared as authors mean them, not by the letter: see compareObjects.
          ...(closed ? { additionalProperties: false } : { additionalProperties: { type: 'boolean' } }),
        })),
      tie('schema').map((items) => ({ type: 'array', items })),
      fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
      fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    ),
  })).schema;
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>('', 'a', 'b', 'abcd', 0, 1, 2, 7, 1.5, null, true),
      fc.dictionary(fc.constantFrom('a', 'b'), tie('value')),
      fc.array(tie('value'), { maxLength: 2 }),
    ),
  })).value;
  const fits = (by: JsonSchema, given: unknown) => checkValue(by, fromJson(given) as never, { noun: 'property' }).length === 0;

  it('called compatible as inputs, the new one takes every value that the old one took', () => {
    let seen = 0;
    fc.assert(
      fc.property(schema, schema, fc.array(value, { minLength: 12, maxLength: 12 }), (before, after, values) => {
        if (compareSchemas(before, after, 'input').some((change) => change.breaking)) return;
        for (const one of values.filter((given) => fits(before, given))) {
          seen++;
          expect(fits(after, one), JSON.stringify([before, after, one])).toBe(true);
        }
      }),
      { numRuns: Number(process.env.MAESTRO_FUZZ_RUNS ?? 2_000) },
    );
    expect(seen).toBeGreaterThan(20);
  }, 600_000);

  it('are compatible with themselves behind references', () => {
    const leaf = { type: 'integer', maximum: 3 };
    const tree = { anyOf: [{ type: 'null' }, object({ next: { $ref: '#/$defs/tree' } })] };
    const root = { oneOf: [{ $ref: '#/$defs/leaf' }, { type: 'integer' }, { $ref: '#/$defs/tree' }], $defs: { leaf, tree } };
    expect(compareSchemas(root, { ...structuredClone(root), title: 'T' }, 'input')).toEqual([]);
    const wider = { ...root, $defs: { tree, leaf: { type: 'integer', maximum: 9 } } };
    expect(told('input', root, wider)).toEqual(['breaking input exactly one of several shapes is asked for, which was not so']);
    const deep = (maximum: number) => ({
      $ref: '#/$defs/tree',
      $defs: { tree: object({ v: { type: 'integer', maximum }, next: { $ref: '#/$defs/tree' } }) },
    });
    expect(told('input', deep(3), deep(9))[0]).toBe('ok input.v maximum was 3 and is 9');
    expect(told('input', deep(9), deep(3))[0]).toBe('breaking input.v maximum was 9 and is 3');
  });

  it('are compatible with themselves', () => {
    fc.assert(
      fc.property(schema, (one) => {
        expect(compareSchemas(one, structuredClone(one), 'input')).toEqual([]);
        expect(compareSchemas(one, structuredClone(one), 'output')).toEqual([]);
      }),
    );
  });
});
