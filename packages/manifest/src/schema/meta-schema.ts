import type { JsonSchema } from '@summit/maestro-sdk';

const self = { $ref: '#' };
const list = { type: 'array', items: self, minItems: 1, maxItems: 100 };
const map = { type: 'object', additionalProperties: self };
const count = { type: 'integer', minimum: 0 };
const number = { type: 'number' };
const text = { type: 'string' };
const simpleType = { enum: ['string', 'integer', 'number', 'boolean', 'object', 'array', 'null'] };

/**
 * JSON Schema of the JSON Schemas that a manifest may contain: 2020-12 and draft-07, without remote references and without the
 * keywords nothing here would enforce. A misspelt keyword is an error, since it would otherwise silently check nothing.
 */
export const metaSchema: JsonSchema = {
  type: ['object', 'boolean'],
  properties: {
    $schema: text,
    $id: text,
    $comment: text,
    $anchor: text,
    $ref: { type: 'string', pattern: '^#', patternErrorMessage: 'must refer within the schema (#/...)' },
    $defs: map,
    definitions: map,
    title: text,
    description: text,
    default: {},
    examples: { type: 'array' },
    deprecated: { type: 'boolean' },
    readOnly: { type: 'boolean' },
    writeOnly: { type: 'boolean' },
    type: { anyOf: [simpleType, { type: 'array', items: simpleType, minItems: 1, uniqueItems: true }] },
    enum: { type: 'array', minItems: 1 },
    const: {},
    format: text,
    minLength: count,
    maxLength: count,
    pattern: { type: 'string', format: 're2' },
    patternErrorMessage: text,
    minimum: number,
    maximum: number,
    exclusiveMinimum: number,
    exclusiveMaximum: number,
    multipleOf: { type: 'number', exclusiveMinimum: 0 },
    items: { anyOf: [self, list] },
    prefixItems: list,
    additionalItems: self,
    contains: self,
    minContains: count,
    maxContains: count,
    minItems: count,
    maxItems: count,
    uniqueItems: { type: 'boolean' },
    properties: map,
    patternProperties: { ...map, propertyNames: { format: 're2' } },
    additionalProperties: self,
    propertyNames: self,
    required: { type: 'array', items: text, uniqueItems: true },
    dependentRequired: { type: 'object', additionalProperties: { type: 'array', items: text } },
    dependentSchemas: map,
    minProperties: count,
    maxProperties: count,
    allOf: list,
    anyOf: list,
    oneOf: list,
    not: self,
    if: self,
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: self,
    else: self,
  },
  additionalProperties: false,
};
