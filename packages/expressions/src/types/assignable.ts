import type { JsonSchema } from '@summit/maestro-sdk';
import { choices, quoted } from '../text/words.ts';
import { isSchema, resolveReference } from './schema.ts';
import { alternatives, type ExprType, isScalar, type KnownValue, type ObjectType, type ScalarType, STRING, typeName } from './type.ts';

/** Whether a value can fit, and if not what was wanted and what there is, as a message puts it. */
export type Assignability = { ok: true } | { ok: false; expected: string; found: string };

const OK: Assignability = { ok: true };

/** Deeper than this, types and schemas are not compared: both may refer to themselves. */
const DEEPEST = 12;

/**
 * Whether every value of this type fits a JSON Schema, as the JSON that it becomes: its types, fields and enumerations. Of what is
 * only known when it is evaluated (`dyn`) the best is hoped for; formats, patterns, lengths and ranges are not looked at.
 */
export function assignable(type: ExprType, schema: JsonSchema): Assignability {
  return fits(type, schema, schema, DEEPEST);
}

function fits(type: ExprType, schema: unknown, root: JsonSchema, depth: number): Assignability {
  if (schema === false) return { ok: false, expected: 'nothing at all', found: typeName(type) };
  if (!isSchema(schema) || depth === 0 || type.kind === 'dyn') return OK;
  if (type.kind === 'union') return everyFit(type.members, schema, root, depth, type);
  if (type.kind === 'optional' || type.kind === 'namespace') return refuse(schema, root, type);

  if ('$ref' in schema) return fits(type, resolveReference(schema.$ref, root) ?? true, root, depth - 1);
  if (schema.nullable === true && type.kind === 'null') return OK;
  const parts = Array.isArray(schema.allOf) ? schema.allOf : [];
  for (const part of parts) {
    const result = fits(type, part, root, depth - 1);
    if (!result.ok) return result;
  }
  const options = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(options)) {
    const values = singleValues(type);
    // Of several values each may fit another of the options.
    if (values.length > 1) return everyFit(values, schema, root, depth - 1, type);
    return firstFit(options, schema, root, depth, type);
  }
  if ('const' in schema) return fitsValues(type, [schema.const], schema, root);
  if (Array.isArray(schema.enum)) return fitsValues(type, schema.enum, schema, root);
  return fitsType(type, schema, root, depth);
}

function everyFit(members: readonly ExprType[], schema: JsonSchema, root: JsonSchema, depth: number, type: ExprType): Assignability {
  for (const member of members) {
    const result = fits(member, schema, root, depth);
    if (!result.ok) return { ok: false, expected: describe(schema, root), found: shown(type) };
  }
  return OK;
}

/** A type as one for each of its values, where they are known. */
function singleValues(type: ExprType): ExprType[] {
  if (!isScalar(type)) return [];
  const values = type.kind === 'bool' ? (type.values ?? [true, false]) : type.values;
  return (values ?? []).map((value) => ({ kind: type.kind, values: [value] }));
}

function fitsType(type: ExprType, schema: JsonSchema, root: JsonSchema, depth: number): Assignability {
  const wanted = typesOf(schema);
  const json = jsonType(type);
  if (wanted && !wanted.some((name) => name === json || (name === 'number' && json === 'integer'))) return refuse(schema, root, type);
  if (type.kind === 'list' && isSchema(schema.items)) {
    const result = fits(type.element, schema.items, root, depth - 1);
    if (!result.ok && !isEmpty(type.element)) return within('element', result);
  }
  if (type.kind === 'map') return fitsMap(type.value, schema, root, depth);
  if (type.kind === 'object') return fitsObject(type, schema, root, depth);
  return OK;
}

/** One of the options of `anyOf` or `oneOf` has to take all there can be; when there is only one, why it does not. */
function firstFit(options: readonly unknown[], schema: JsonSchema, root: JsonSchema, depth: number, type: ExprType): Assignability {
  // Options that only ask for fields go with a type beside them.
  const beside = fitsType(type, schema, root, depth);
  if (!beside.ok) return beside;
  let refused: Assignability | undefined;
  for (const option of options) {
    const result = fits(type, option, root, depth - 1);
    if (result.ok) return result;
    refused = result;
  }
  if (!refused || refused.ok) return OK;
  if (options.length === 1) return refused;
  return { ok: false, expected: describe(schema, root), found: typeName(type) };
}

function fitsValues(type: ExprType, values: readonly unknown[], schema: JsonSchema, root: JsonSchema): Assignability {
  const possible = values.filter((value) => isScalar(type) === (typeof value !== 'object' || value === null) && sameKind(type, value));
  if (possible.length === 0) return refuse(schema, root, type);
  if (!isScalar(type) || type.kind === 'null') return OK;
  const known = type.kind === 'bool' ? (type.values ?? [true, false]) : type.values;
  if (known === undefined) return refuse(schema, root, type);
  if (known.every((value) => possible.includes(value))) return OK;
  return { ok: false, expected: describe(schema, root), found: choices(known.map(String)) };
}

function sameKind(type: ExprType, value: unknown): boolean {
  const json = jsonType(type);
  if (value === null) return json === 'null';
  if (Array.isArray(value)) return json === 'array';
  if (typeof value === 'number') return json === 'number' || (json === 'integer' && Number.isInteger(value));
  return typeof value === json;
}

function fitsMap(value: ExprType, schema: JsonSchema, root: JsonSchema, depth: number): Assignability {
  const { additionalProperties, properties, required } = schema;
  if (Array.isArray(required) && required.length > 0) {
    return { ok: false, expected: `an object with ${quoted(String(required[0]))}`, found: 'a map, which may not have it' };
  }
  if (isEmpty(value)) return OK;
  for (const part of [...(isSchema(properties) ? Object.values(properties) : []), additionalProperties]) {
    const result = part === undefined ? OK : fits(value, part, root, depth - 1);
    if (!result.ok) return within('field', result);
  }
  return OK;
}

function fitsObject(type: ObjectType, schema: JsonSchema, root: JsonSchema, depth: number): Assignability {
  const properties = isSchema(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required.filter((name) => typeof name === 'string') : [];
  const missing = required.find((name) => !type.fields.get(name)?.required);
  if (missing !== undefined) {
    const fields = [...type.fields.keys()];
    const found = type.fields.has(missing)
      ? 'one that may lack it'
      : fields.length === 0
        ? 'an empty one'
        : `one with ${choices(fields, 'and')}`;
    return { ok: false, expected: `an object with ${quoted(missing)}`, found };
  }
  for (const [name, field] of type.fields) {
    const declared = Object.hasOwn(properties, name);
    const property = declared ? properties[name] : schema.patternProperties === undefined ? schema.additionalProperties : true;
    if (property === false)
      return {
        ok: false,
        expected: `an object with no field ${quoted(name)}`,
        found: `one that ${field.required ? 'has' : 'may have'} it`,
      };
    const result = fits(field.type, property, root, depth - 1);
    if (!result.ok) return within(`field ${quoted(name)}`, result);
  }
  if (type.rest === undefined || isEmpty(type.rest) || schema.patternProperties !== undefined) return OK;
  if (schema.additionalProperties === false)
    return { ok: false, expected: 'an object with no other fields', found: 'one that may have more' };
  return fits(type.rest, schema.additionalProperties, root, depth - 1);
}

function isEmpty(type: ExprType): boolean {
  return alternatives(type).length === 0;
}

function within(where: string, result: { expected: string; found: string }): Assignability {
  return { ok: false, expected: `${where}: ${result.expected}`, found: result.found };
}

function refuse(schema: JsonSchema, root: JsonSchema, type: ExprType): Assignability {
  return { ok: false, expected: describe(schema, root), found: shown(type) };
}

/** A type with its values, when they are few. */
function shown(type: ExprType): string {
  return isScalar(type) && type.values && type.values.length <= 3
    ? `${type.kind} ${valuesText(type as Required<ScalarType>)}`
    : typeName(type);
}

function valuesText({ values }: { values: readonly KnownValue[] }): string {
  return values.map((value) => JSON.stringify(value)).join(' or ');
}

/** The JSON that values of a type become. */
function jsonType(type: ExprType): string {
  switch (type.kind) {
    case 'bool':
      return 'boolean';
    case 'int':
    case 'uint':
      return 'integer';
    case 'double':
    case 'number':
      return 'number';
    case 'list':
      return 'array';
    case 'map':
    case 'object':
      return 'object';
    case 'null':
      return 'null';
    default:
      return STRING.kind;
  }
}

function typesOf(schema: JsonSchema): string[] | undefined {
  if (typeof schema.type === 'string') return [schema.type];
  if (Array.isArray(schema.type)) return schema.type.filter((type) => typeof type === 'string');
  return isSchema(schema.properties) ? ['object'] : undefined;
}

/** A schema as a message names it. */
function describe(schema: unknown, root: JsonSchema, depth = 3): string {
  if (!isSchema(schema) || depth === 0) return 'anything';
  if ('$ref' in schema) return describe(resolveReference(schema.$ref, root), root, depth - 1);
  if ('const' in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return choices(schema.enum.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))));
  const options = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(options)) return [...new Set(options.map((option) => describe(option, root, depth - 1)))].join(' or ');
  const types = typesOf(schema);
  if (!types) return Array.isArray(schema.allOf) ? describe(schema.allOf[0], root, depth - 1) : 'anything';
  return types
    .map((type) => (type === 'array' && isSchema(schema.items) ? `array of ${describe(schema.items, root, depth - 1)}` : type))
    .join(' or ');
}
