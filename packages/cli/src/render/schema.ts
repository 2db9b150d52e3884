import type { JsonSchema } from '@summit/maestro-sdk';
import { table } from '../text.ts';

const MAX_DEPTH = 4;

/** A field of an object schema, or `or` between two shapes an object may have. */
export interface SchemaField {
  /** Names from the outermost field on; that of an element of a list is followed by `[]`. Empty: `or`. */
  path: string[];
  required: boolean;
  type: string;
  /** Description, default and bounds. */
  meaning: string;
}

/** The fields of an object schema, one line each: name (`*`: required), type, what it means. */
export function schemaLines(schema: JsonSchema): string[] {
  const rows = schemaFields(schema).map(({ path, depth, required, type, meaning }) => {
    const indent = '  '.repeat(depth);
    return path.length === 0
      ? [`${indent}or`, '', '']
      : [`${indent}${(path.at(-1) as string).replace(/(?:\[\])+$/, '')}${required ? '*' : ''}`, type, meaning];
  });
  return rows.length > 0 ? table(rows).map((line) => line.trimEnd()) : [typeOf(schema)];
}

/** The fields of an object schema and of the objects within it, down to {@link MAX_DEPTH}, in the order they are written. */
export function schemaFields(schema: JsonSchema, above: string[] = []): (SchemaField & { depth: number })[] {
  const depth = above.length;
  const alternatives = alternativesOf(schema).filter((alternative) => isSchema(alternative.properties));
  if (!isSchema(schema.properties) && alternatives.length > 1) {
    const or = { path: [], depth, required: false, type: '', meaning: '' };
    return alternatives.flatMap((alternative, i) => [...(i === 0 ? [] : [or]), ...schemaFields(alternative, above)]);
  }
  const object = isSchema(schema.properties) ? schema : alternatives[0];
  if (object === undefined || depth > MAX_DEPTH) return [];
  const required = Array.isArray(object.required) ? object.required : [];
  return Object.entries(object.properties as Record<string, JsonSchema>).flatMap(([name, field]) => {
    const [element, lists] = elementOf(field);
    const row = { path: [...above, name], depth, required: required.includes(name), type: typeOf(field), meaning: meaning(field) };
    return [row, ...schemaFields(element, [...above, `${name}${'[]'.repeat(lists)}`])];
  });
}

/** What a list holds, however deep, or the schema itself; and how many lists there are around it. */
function elementOf(schema: JsonSchema, lists = 0): [JsonSchema, number] {
  return isSchema(schema.items) ? elementOf(schema.items, lists + 1) : [schema, lists];
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
