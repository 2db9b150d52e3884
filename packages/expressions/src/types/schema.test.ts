import { describe, expect, it } from 'vitest';
import { parameterType, schemaType } from './schema.ts';
import { type ExprType, join, typeName } from './type.ts';

/** A type in full, for comparison; where it refers to itself it ends at `depth`. */
function shape(type: ExprType, depth = 4): unknown {
  if (depth === 0) return '…';
  switch (type.kind) {
    case 'list':
      return [shape(type.element, depth - 1)];
    case 'map':
      return { '*': shape(type.value, depth - 1) };
    case 'object': {
      const fields = [...type.fields].map(([name, field]) => [field.required ? name : `${name}?`, shape(field.type, depth - 1)]);
      return Object.fromEntries(type.rest ? [...fields, ['*', shape(type.rest, depth - 1)]] : fields);
    }
    default:
      return 'values' in type && type.values ? type.values : typeName(type);
  }
}

describe('schemaType', () => {
  it.each([
    [true, 'any value'],
    [{}, 'any value'],
    [{ type: 'string', format: 'uri', minLength: 1 }, 'string'],
    [{ type: 'integer' }, 'int'],
    [{ type: 'number' }, 'number'],
    [{ type: ['string', 'null'] }, 'string or null'],
    [{ type: 'integer', nullable: true }, 'int or null'],
    [{ type: ['integer', 'number'] }, 'number'],
    [{ enum: ['a', 'b'] }, ['a', 'b']],
    [{ anyOf: [{ const: 'a' }, { const: 'b' }] }, ['a', 'b']],
    [{ const: 3 }, [3]],
    [{ oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'integer' } }] }, 'string or list<int>'],
    [{ type: 'array' }, ['any value']],
    [{ type: 'array', items: { type: 'string' } }, ['string']],
    [{ type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false }, ['string or int']],
    [{ type: 'array', items: [{ type: 'string' }] }, ['any value']],
    [{ type: 'object' }, { '*': 'any value' }],
    [{ type: 'object', additionalProperties: { type: 'string' } }, { '*': 'string' }],
    [
      { type: 'object', properties: { a: { type: 'string' }, b: {} }, required: ['a'] },
      { a: 'string', 'b?': 'any value' },
    ],
    [
      { properties: { a: { type: 'string' } }, additionalProperties: { type: 'integer' } },
      { 'a?': 'string', '*': 'int' },
    ],
    [
      { type: 'object', properties: { a: { type: 'string' } }, patternProperties: { '^x': {} } },
      { 'a?': 'string', '*': 'any value' },
    ],
    [{ type: 'object', additionalProperties: false }, {}],
    [
      {
        allOf: [{ type: 'object', properties: { a: { type: 'string' } } }, { $ref: '#/$defs/b' }],
        $defs: { b: { properties: { b: { type: 'integer' } } } },
      },
      { 'a?': 'string', 'b?': 'int' },
    ],
    [{ allOf: [{ type: 'string' }, { minLength: 2 }] }, 'any value'],
    [{ $ref: '#/$defs/a~1b', $defs: { 'a/b': { type: 'boolean' } } }, 'bool'],
    [{ $ref: 'https://elsewhere' }, 'any value'],
    [{ $ref: '#' }, 'any value'],
    [{ anyOf: [{ $ref: '#' }, { type: 'string' }] }, 'any value'],
    [
      {
        $ref: '#/$defs/tree',
        $defs: { tree: { type: 'object', properties: { kids: { type: 'array', items: { $ref: '#/$defs/tree' } } } } },
      },
      { 'kids?': [{ 'kids?': ['…'] }] },
    ],
    [
      JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"integer"}}}'),
      JSON.parse('{"__proto__?":"string","constructor?":"int"}'),
    ],
  ])('%j', (schema, expected) => {
    expect(shape(schemaType(schema))).toEqual(expected);
  });

  it('is made once per schema', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } } };
    expect(schemaType(schema)).toBe(schemaType(schema));
  });
});

describe('parameterType', () => {
  it.each([
    [{ type: 'datetime' }, 'string'],
    [{ type: 'duration' }, 'string'],
    [{ type: 'number' }, 'number'],
    [{ type: 'object' }, { '*': 'any value' }],
    [{ type: 'array', schema: { items: { type: 'integer' } } }, ['int']],
    [{ type: 'object', schema: { properties: { a: { type: 'string' } } } }, { 'a?': 'string' }],
    [{ type: 'string', enum: ['dev', 'prod'] }, ['dev', 'prod']],
  ] as const)('%j', (parameter, expected) => {
    expect(shape(parameterType(parameter as Parameters<typeof parameterType>[0]))).toEqual(expected);
  });
});

describe('join', () => {
  const type = (schema: unknown) => schemaType(schema);
  it.each([
    [{ type: 'integer' }, { type: 'number' }, 'number'],
    [{ type: 'string' }, { type: 'null' }, 'string or null'],
    [{ type: 'array', items: { type: 'string' } }, { type: 'array', items: { type: 'integer' } }, 'list<string or int>'],
    [{ type: ['string', 'null'] }, { type: ['null', 'boolean'] }, 'string or null or bool'],
    [{ type: 'string' }, {}, 'any value'],
  ])('%j and %j', (a, b, expected) => {
    expect(typeName(join(type(a), type(b)))).toBe(expected);
  });
});
