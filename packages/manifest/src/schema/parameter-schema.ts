import type { JsonSchema } from '@summit/maestro-sdk';
import type { Parameter, ParameterType } from '../plan.ts';
import { descriptionSchema, durationSchema, parameterNameSchema } from './parts.ts';

/** What the types of parameters mean as JSON. */
export const parameterTypes: { [type in ParameterType]: JsonSchema } = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  datetime: { type: 'string', format: 'date-time' },
  date: { type: 'string', format: 'date' },
  duration: { type: 'string', pattern: durationSchema.pattern, patternErrorMessage: durationSchema.patternErrorMessage },
  uri: { type: 'string', format: 'uri' },
  object: { type: 'object' },
  array: { type: 'array' },
};

/** One entry of `spec.inputs` or `spec.parameters`. */
export const parameterSchema: JsonSchema = {
  type: 'object',
  properties: {
    name: parameterNameSchema,
    type: { enum: Object.keys(parameterTypes), description: 'Type of the value' },
    required: { type: 'boolean', description: 'Whether it must be given', default: false },
    default: { description: 'Value where none is given' },
    enum: { type: 'array', minItems: 1, maxItems: 1_000, uniqueItems: true, description: 'The only values allowed' },
    pattern: { type: 'string', format: 're2', description: 'RE2 regular expression that the value must match' },
    schema: { type: 'object', description: 'JSON Schema for more' },
    description: descriptionSchema,
  },
  required: ['name', 'type'],
  additionalProperties: false,
};

/** The JSON Schema of what a workflow is given. */
export function parametersSchema(parameters: readonly Parameter[]): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map((parameter) => [parameter.name, valueSchema(parameter)])),
    required: parameters.filter(({ required, default: byDefault }) => required && byDefault === undefined).map(({ name }) => name),
    additionalProperties: false,
  };
}

/** The JSON Schema of a parameter's values: its type, and all that narrows it. */
export function valueSchema(parameter: Parameter): JsonSchema {
  const type = parameterTypes[parameter.type];
  const schema: JsonSchema = { ...type };
  if (parameter.enum) schema.enum = parameter.enum;
  if (parameter.description !== undefined) schema.description = parameter.description;
  const more: JsonSchema[] = [];
  if (parameter.pattern !== undefined) more.push({ pattern: parameter.pattern });
  if (parameter.schema) more.push(parameter.schema);
  const [only] = more;
  if (only === undefined) return schema;
  // Without a clash the keywords stand side by side: checkers of expressions see the properties at once.
  const clash = Object.keys(only).some((name) => Object.hasOwn(schema, name) && schema[name] !== only[name]);
  return more.length === 1 && !clash ? { ...schema, ...only } : { ...schema, allOf: more };
}
