import { describe, expect, it } from 'vitest';
import { broken, findings } from '../../../../test/conformance-tasks.ts';
import { Type } from '../../../schema.ts';
import type { DeclaredTask } from '../../../task.ts';

describe('schemas', () => {
  const inputOf = (schema: object) => broken({ input: schema, examples: [] });
  it.each<[string, object, RegExp]>([
    ['an unknown keyword', { type: 'object', propertees: {} }, /input is not a valid JSON Schema: .*propertees/],
    ['an unknown type', { type: 'objekt' }, /input is not a valid JSON Schema/],
    ['an unknown format', { type: 'string', format: 'datetime' }, /unknown format "datetime"/],
    [
      'a default that is never used',
      { type: 'object', anyOf: [{ properties: { a: { type: 'string', description: 'a', default: 'x' } } }] },
      /default is ignored/,
    ],
    ['a reference to nothing', { $ref: '#/$defs/none' }, /can't resolve reference/],
    ['a number that is none', { type: 'number', maximum: Number.NaN }, /input is not plain JSON/],
    ['a property without description', Type.Object({ a: Type.String() }), /no description: input\/properties\/a/],
    [
      'a nested property without description',
      Type.Object({ a: Type.Array(Type.Object({ 'b/c': Type.String() }), { description: 'a' }) }),
      /input\/properties\/a\/items\/properties\/b~1c/,
    ],
    [
      'one in an alternative',
      { anyOf: [{ type: 'object', properties: { a: { type: 'string', description: ' ' } } }] },
      /input\/anyOf\/0\/properties\/a/,
    ],
    ['one in a definition', { $defs: { d: { type: 'object', properties: { a: {} } } } }, /input\/\$defs\/d\/properties\/a/],
  ])('finds %s', async (_, schema, message) => {
    expect((await findings(inputOf(schema), {}, 'schemas')).schemas).toMatch(message);
  });

  it('accepts a description beside, behind a reference, and once for all alternatives', async () => {
    const schema = {
      type: 'object',
      $defs: { word: { type: 'string', description: 'a word' } },
      properties: { text: { $ref: '#/$defs/word' }, loud: { type: 'boolean', description: 'how' } },
      anyOf: [{ properties: { loud: { const: true } }, required: ['loud'] }, { required: ['text'] }],
    };
    expect(await findings(broken({ input: schema }))).toEqual({});
  });

  it.each<[string, unknown[], RegExp]>([
    ['no example', [], /there is no example/],
    [
      'an example that does not fit the input',
      [{ title: 'x', input: { text: 1 }, output: { text: 'a' } }],
      /example "x": .*\/text must be string/,
    ],
    ['an example that does not fit the output', [{ title: 'x', input: { text: 'a' }, output: { txet: 'a' } }], /output does not fit/],
    [
      'two examples with one title',
      [
        { title: 'x', input: { text: 'a' }, output: { text: 'a' } },
        { title: 'x', input: { text: 'b' } },
      ],
      /two examples are called "x"/,
    ],
  ])('finds %s', async (_, examples, message) => {
    expect((await findings(broken({ examples: examples as DeclaredTask['examples'] }), {}, 'schemas')).schemas).toMatch(message);
  });
});
