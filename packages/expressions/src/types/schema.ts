import type { JsonSchema } from '@summit/maestro-sdk';
import type { Parameter, ParameterType } from './parameter.ts';
import {
  BOOL,
  DYN,
  type ExprType,
  type Field,
  INT,
  join,
  joinAll,
  LIST,
  listOf,
  MAP,
  NEVER,
  NULL,
  NUMBER,
  type ObjectType,
  STRING,
} from './type.ts';

const known = new WeakMap<JsonSchema, WeakMap<JsonSchema, ExprType>>();

/**
 * The type of the values that a JSON Schema describes. Fields and elements are looked at when they are asked for, so a schema
 * may refer to itself. What a type cannot say becomes `dyn`: nothing that the schema allows is ever refused.
 *
 * One thing is stricter than JSON Schema: an object with declared properties has no others unless `additionalProperties`
 * or `patternProperties` say so. Otherwise no misspelt field would ever be found.
 */
export function schemaType(schema: unknown, root: unknown = schema): ExprType {
  if (schema === false) return NEVER;
  if (!isSchema(schema)) return DYN;
  const top = isSchema(root) ? root : schema;
  let types = known.get(top);
  if (!types) {
    types = new WeakMap();
    known.set(top, types);
  }
  let type = types.get(schema);
  if (!type) {
    // For a schema that is only a reference to itself.
    types.set(schema, DYN);
    type = read(schema, top);
    types.set(schema, type);
  }
  return type;
}

/** The type of a parameter's value. */
export function parameterType(parameter: Pick<Parameter, 'type' | 'schema' | 'enum'>): ExprType {
  const { schema } = parameter;
  if (parameter.enum) return joinAll(parameter.enum.map(valueType));
  if (schema) return schemaType(schema.type === undefined ? { type: JSON_TYPES[parameter.type], ...schema } : schema);
  return schemaType({ type: JSON_TYPES[parameter.type] });
}

const JSON_TYPES: { [type in ParameterType]: string } = {
  string: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  datetime: 'string',
  date: 'string',
  duration: 'string',
  uri: 'string',
  object: 'object',
  array: 'array',
};

/** The type of a value of JSON that is known. */
export function valueType(value: unknown): ExprType {
  switch (typeof value) {
    case 'string':
      return { kind: 'string', values: [value] };
    case 'boolean':
      return { kind: 'bool', values: [value] };
    case 'number':
      return Number.isSafeInteger(value) ? { kind: 'int', values: [value] } : { kind: 'double', values: [value] };
  }
  if (value === null) return NULL;
  if (Array.isArray(value)) return { kind: 'list', element: joinAll(value.map(valueType)) };
  if (typeof value !== 'object') return DYN;
  return {
    kind: 'object',
    fields: new Map(Object.entries(value).map(([name, field]) => [name, { type: valueType(field), required: true }])),
  };
}

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a `$ref` within the same document names. */
export function resolveReference(reference: unknown, root: unknown): unknown {
  if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined;
  let at = root;
  for (const part of reference.slice(1).split('/').slice(1)) {
    const key = decode(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as { [key: string]: unknown })[key];
  }
  return at;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function read(schema: JsonSchema, root: JsonSchema): ExprType {
  if ('$ref' in schema) return schemaType(resolveReference(schema.$ref, root), root);
  if ('const' in schema) return valueType(schema.const);
  if (Array.isArray(schema.enum)) return joinAll(schema.enum.map(valueType));
  const choices = schema.anyOf ?? schema.oneOf;
  // Declared beside a choice, properties narrow it further; the choice alone is the wider type, and so the safe one.
  if (Array.isArray(choices)) return joinAll(choices.map((choice) => schemaType(choice, root)));
  if (Array.isArray(schema.allOf)) return intersection(schema, schema.allOf, root);
  const type = ofType(schema, root);
  return schema.nullable === true ? join(type, NULL) : type;
}

function ofType(schema: JsonSchema, root: JsonSchema): ExprType {
  if (Array.isArray(schema.type)) return joinAll(schema.type.map((type) => ofType({ ...schema, type }, root)));
  switch (schema.type) {
    case 'string':
      return STRING;
    case 'integer':
      return INT;
    case 'number':
      return NUMBER;
    case 'boolean':
      return BOOL;
    case 'null':
      return NULL;
    case 'array':
      return listType(schema, root);
    case 'object':
      return objectType(schema, root);
    default:
      return 'properties' in schema ? objectType(schema, root) : DYN;
  }
}

function listType(schema: JsonSchema, root: JsonSchema): ExprType {
  const tuple = schema.prefixItems ?? (Array.isArray(schema.items) ? schema.items : undefined);
  const items = Array.isArray(schema.items) ? schema.additionalItems : schema.items;
  if (tuple === undefined && items === undefined) return LIST;
  // Behind a tuple there may be anything, unless `items` (or, before 2020-12, `additionalItems`) says what.
  const parts = [...(Array.isArray(tuple) ? tuple : []), items === undefined ? true : items];
  return listOf(() => joinAll(parts.map((part) => schemaType(part, root))));
}

function objectType(schema: JsonSchema, root: JsonSchema): ExprType {
  const properties = isSchema(schema.properties) ? schema.properties : {};
  const names = Object.keys(properties);
  const additional = schema.patternProperties === undefined ? schema.additionalProperties : true;
  if (names.length === 0 && additional !== false) {
    if (additional === undefined || additional === true) return MAP;
    return { kind: 'map', key: STRING, value: schemaType(additional, root) };
  }
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  let fields: Map<string, Field> | undefined;
  return {
    kind: 'object',
    get fields() {
      fields ??= new Map(names.map((name) => [name, { type: schemaType(properties[name], root), required: required.has(name) }]));
      return fields;
    },
    rest: additional === undefined || additional === false ? undefined : schemaType(additional, root),
  };
}

/** All of `allOf`, when all of it describes one object; else what cannot be said. */
function intersection(schema: JsonSchema, parts: readonly unknown[], root: JsonSchema): ExprType {
  const { allOf: _, ...own } = schema;
  const types = parts.map((part) => schemaType(part, root));
  if ('properties' in own || 'type' in own) types.push(schemaType(own, root));
  if (types.length === 1) return types[0] as ExprType;
  const objects = types.filter((type): type is ObjectType => type.kind === 'object');
  if (objects.length !== types.filter((type) => type !== MAP).length || objects.length === 0) return sameKind(types);
  const fields = new Map<string, Field>();
  for (const object of objects) for (const [name, field] of object.fields) fields.set(name, field);
  const open = objects.every((object) => object.rest !== undefined);
  return { kind: 'object', fields, rest: open ? DYN : undefined };
}

function sameKind(types: readonly ExprType[]): ExprType {
  const [first] = types;
  return first && types.every((type) => type.kind === first.kind) ? first : DYN;
}
