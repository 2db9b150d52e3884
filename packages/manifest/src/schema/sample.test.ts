import type { JsonSchema } from '@summit/maestro-sdk';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { textFor } from './pattern-sample.ts';
import { sampleOf } from './sample.ts';

const ajv = new Ajv2020({ strict: false, ownProperties: true });
(addFormats as unknown as (target: Ajv2020) => void)(ajv);

/** Schemas of values that exist, as tasks declare their outputs. */
const { schema } = fc.letrec<{ schema: JsonSchema; leaf: JsonSchema }>((tie) => ({
  leaf: fc.oneof(
    fc.constant({}),
    fc.constantFrom({ type: 'null' }, { type: 'boolean' }),
    fc.record({ const: fc.jsonValue() }),
    fc.record({ enum: fc.uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { minLength: 1, maxLength: 3 }) }),
    fc
      .tuple(
        fc.constantFrom('integer', 'number'),
        fc.integer({ min: -50, max: 50 }),
        fc.integer({ min: 10, max: 100 }),
        fc.constantFrom(1, 2, 5, 0.5),
      )
      .map(([type, minimum, width, multipleOf]) => ({ type, minimum, maximum: minimum + width, multipleOf })),
    fc
      .integer({ min: -5, max: 5 })
      .chain((n) => fc.constantFrom({ type: 'number', exclusiveMinimum: n }, { type: 'integer', exclusiveMaximum: n })),
    fc.tuple(fc.nat(12), fc.nat(12)).map(([minLength, more]) => ({ type: 'string', minLength, maxLength: minLength + more })),
    fc.constantFrom('date-time', 'date', 'time', 'uri', 'email', 'uuid', 'hostname', 'ipv4').map((format) => ({ type: 'string', format })),
    fc
      .constantFrom('^[0-9a-f]{64}$', '^artifact:sha256:[0-9a-f]{8}$', '^(a|b)+-\\d{2,}$', 'x?y*z', '^\\w+@[^@ ]+\\.org$')
      .map((pattern) => ({ type: 'string', pattern })),
  ),
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.tuple(tie('schema'), fc.nat(3)).map(([items, minItems]) => ({ type: 'array', items, minItems })),
    fc
      .tuple(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'constructor'), tie('schema')), fc.boolean())
      .chain(([properties, additionalProperties]) =>
        fc.subarray(Object.keys(properties)).map((required) => ({ type: 'object', properties, required, additionalProperties })),
      ),
    fc.tuple(tie('schema'), fc.string({ maxLength: 4 })).map(([inner, description]) => ({ allOf: [inner, { description }] })),
  ),
}));

const referring = schema.map((inner) => ({ type: 'array', items: { $ref: '#/$defs/inner' }, minItems: 1, $defs: { inner } }));

it('fits the schema, and is the same every time', () => {
  fc.assert(
    fc.property(fc.oneof(schema, referring), (given) => {
      const value = sampleOf(given);
      expect(value).not.toBe(undefined);
      const validate = ajv.compile(given);
      expect(validate(value), JSON.stringify([given, value, validate.errors])).toBe(true);
      expect(sampleOf(given)).toEqual(value);
    }),
    { numRuns: 500 },
  );
});

it.each<[JsonSchema | boolean, unknown]>([
  [{ type: 'string' }, 'preview'],
  [{ type: 'string', maxLength: 3 }, 'iew'],
  [{ type: ['null', 'integer'], minimum: 3 }, 3],
  [{ type: 'array', items: { type: 'integer' }, minItems: 3, uniqueItems: true }, [0, 1, 2]],
  [{ type: 'array', contains: { const: 7 } }, [7]],
  [{ type: 'array', prefixItems: [{ const: 1 }], items: { type: 'string' }, minItems: 2 }, [1, 'preview']],
  [
    { type: 'object', minProperties: 2, properties: { a: { type: 'boolean' } } },
    { a: false, key1: null },
  ],
  [{ oneOf: [{ type: 'object', required: ['a'] }, { type: 'string' }] }, { a: null }],
  [{ allOf: [{ required: ['a'], properties: { a: { type: 'number' } } }, { properties: { a: { minimum: 2 } } }] }, { a: 2 }],
  [{ $ref: '#/$defs/tree', $defs: { tree: { type: 'object', properties: { left: { $ref: '#/$defs/tree' } } } } }, {}],
  [
    { $ref: '#/$defs/endless', $defs: { endless: { type: 'object', required: ['of'], properties: { of: { $ref: '#/$defs/endless' } } } } },
    undefined,
  ],
  [{ type: 'string', pattern: '^(?=x)' }, undefined],
  [false, undefined],
])('%j -> %j', (given, value) => expect(sampleOf(given)).toEqual(value));

it('writes texts for patterns, as long as is wanted', () => {
  expect(textFor('^[a-z]+$', 5, 9)).toBe('aaaaa');
  expect(textFor('^v\\d+(?:\\.\\d+){2}$', 0, 20)).toBe('v0.0.0');
  expect(textFor('^[^a-z]{3}$', 0, 3)).toBe('AAA');
  expect(textFor('^a{5}$', 0, 3)).toBe(undefined);
});
