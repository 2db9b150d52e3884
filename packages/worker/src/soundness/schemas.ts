import type { JsonSchema } from '@summit/maestro-sdk';
import type { Random } from './random.ts';

/** A random JSON Schema with what task authors use: objects with optional fields, lists, enums, unions, null. */
export function randomSchema(random: Random, depth: number): JsonSchema {
  const scalars: JsonSchema[] = [
    { type: 'string' },
    { type: 'integer', minimum: 0, maximum: 100 },
    { type: 'number', minimum: -10, maximum: 10 },
    { type: 'boolean' },
    { enum: ['red', 'green', 'blue'] },
    { type: ['string', 'null'] },
    { anyOf: [{ type: 'string' }, { type: 'integer', minimum: 0, maximum: 9 }] },
    { const: 'fixed' },
  ];
  if (depth === 0 || random.chance(0.4)) return random.pick(scalars);
  if (random.chance(0.35)) return { type: 'array', items: randomSchema(random, depth - 1), minItems: random.int(2), maxItems: 4 };
  return randomObject(random, depth - 1);
}

/** An object schema, closed, or open to fields of one type. */
export function randomObject(random: Random, depth: number): JsonSchema {
  const names = ['alpha', 'beta', 'gamma', 'delta'].slice(0, 1 + random.int(4));
  const properties = Object.fromEntries(names.map((name) => [name, randomSchema(random, depth)]));
  const required = names.filter(() => random.chance(0.7));
  return { type: 'object', properties, required, additionalProperties: random.chance(0.15) ? { type: 'integer' } : false };
}

/** A random value that fits a schema of {@link randomSchema}. */
export function randomValue(random: Random, schema: JsonSchema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return random.pick(schema.enum);
  if (Array.isArray(schema.anyOf)) return randomValue(random, random.pick(schema.anyOf as JsonSchema[]));
  const type = Array.isArray(schema.type) ? random.pick(schema.type as string[]) : schema.type;
  const { minimum = 0, maximum = 100 } = schema as { minimum?: number; maximum?: number };
  switch (type) {
    case 'string':
      return random.pick(['', 'x', 'red', 'two words', '${not}', 'ünï😀']);
    case 'integer':
      return minimum + random.int(maximum - minimum + 1);
    case 'number':
      return random.chance(0.3) ? Math.round(minimum) + random.int(3) : minimum + random.next() * (maximum - minimum);
    case 'boolean':
      return random.chance(0.5);
    case 'null':
      return null;
    case 'array': {
      const { minItems = 0, maxItems = 4, items } = schema as { minItems?: number; maxItems?: number; items: JsonSchema };
      return Array.from({ length: minItems + random.int(maxItems - minItems + 1) }, () => randomValue(random, items));
    }
    default:
      return randomFields(
        random,
        schema as { properties: { [name: string]: JsonSchema }; required: string[]; additionalProperties: unknown },
      );
  }
}

function randomFields(
  random: Random,
  schema: { properties: { [name: string]: JsonSchema }; required: string[]; additionalProperties: unknown },
): { [name: string]: unknown } {
  const value: { [name: string]: unknown } = {};
  for (const [name, field] of Object.entries(schema.properties)) {
    if (schema.required.includes(name) || random.chance(0.5)) value[name] = randomValue(random, field);
  }
  if (schema.additionalProperties !== false && random.chance(0.5)) value.extra = random.int(5);
  return value;
}
