import type { JsonSchema } from '@summit/maestro-sdk';
import { table } from '../text.ts';

const MAX_DEPTH = 4;

/** The fields of an object schema, one line each: name (`*`: required), type, what it means. */
export function schemaLines(schema: JsonSchema): string[] {
  const rows = rowsOf(schema, '', 0);
  return rows.length > 0 ? table(rows).map((line) => line.trimEnd()) : [typeOf(schema)];
}

function rowsOf(schema: JsonSchema, indent: string, depth: number): string[][] {
  const alternatives = alternativesOf(schema).filter((alternative) => isSchema(alternative.properties));
  if (!isSchema(schema.properties) && alternatives.length > 1) {
    return alternatives.flatMap((alternative, i) => [...(i === 0 ? [] : [[`${indent}or`, '', '']]), ...rowsOf(alternative, indent, depth)]);
  }
  const object = isSchema(schema.properties) ? schema : alternatives[0];
  if (object === undefined || depth > MAX_DEPTH) return [];
  const required = Array.isArray(object.required) ? object.required : [];
  return Object.entries(object.properties as Record<string, JsonSchema>).flatMap(([name, field]) => {
    const row = [`${indent}${name}${required.includes(name) ? '*' : ''}`, typeOf(field), meaning(field)];
    return [row, ...rowsOf(elementOf(field), `${indent}  `, depth + 1)];
  });
}

/** What a list holds, or the schema itself. */
function elementOf(schema: JsonSchema): JsonSchema {
  return isSchema(schema.items) ? elementOf(schema.items) : schema;
}

/** A type in a few words: `string`, `"a" | "b"`, `list of (string | object)`. */
export function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) return [...new Set(alternatives.map(typeOf))].join(' | ');
  const type = Array.isArray(schema.type) ? schema.type.join(' | ') : schema.type;
  if (type === 'array') {
    if (!isSchema(schema.items)) return 'list';
    const item = typeOf(schema.items);
    return item.includes(' | ') ? `list of (${item})` : `list of ${item}`;
  }
  if (typeof type === 'string') return typeof schema.format === 'string' ? `${type} (${schema.format})` : type;
  return isSchema(schema.properties) ? 'object' : 'anything';
}

function meaning(schema: JsonSchema): string {
  const parts: string[] = [];
  if (typeof schema.description === 'string') parts.push(schema.description);
  if (schema.default !== undefined) parts.push(`default ${JSON.stringify(schema.default)}`);
  if (schema.minimum !== undefined) parts.push(`>= ${String(schema.minimum)}`);
  if (schema.maximum !== undefined) parts.push(`<= ${String(schema.maximum)}`);
  if (schema.minItems !== undefined) parts.push(`at least ${String(schema.minItems)}`);
  return parts.join('; ');
}

function alternativesOf(schema: JsonSchema): JsonSchema[] {
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    const value = schema[keyword];
    if (Array.isArray(value)) return value.filter(isSchema);
  }
  return [];
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
