import type { JsonSchema } from '@summit/maestro-sdk';
import { keyword } from '../schema/refs.ts';

const ALL = ['null', 'boolean', 'number', 'string', 'array', 'object'];

/** The JSON types that a schema without alternatives allows; `number` stands for `integer` too. */
export function typesOf(schema: JsonSchema): Set<string> {
  const type = keyword(schema, 'type');
  if (typeof type === 'string') return new Set([type]);
  if (Array.isArray(type)) return new Set(type.includes('number') ? type.filter((name) => name !== 'integer') : type.map(String));
  const values = valuesOf(schema);
  return new Set(values ? values.map(typeOf) : ALL);
}

/** The values that a schema allows, where it lists them. */
export function valuesOf(schema: JsonSchema): unknown[] | undefined {
  if (Object.hasOwn(schema, 'const')) return [schema.const];
  const values = keyword(schema, 'enum');
  return Array.isArray(values) ? values : undefined;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
