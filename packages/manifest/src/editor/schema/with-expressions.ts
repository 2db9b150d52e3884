import type { JsonSchema } from '@summit/maestro-sdk';
import { type AnySchema, dereference, isSchema, keyword } from '../../schema/refs.ts';
import { ANNOTATIONS, choice, isPattern, isSchemas, LISTS, mapValues, plainKeywords } from './draft07.ts';

/** A string with an expression in it. */
export const EXPRESSION: JsonSchema = { type: 'string', pattern: '\\$\\{' };

/**
 * The schema of a value as an author may write it: at every place an expression instead of the value. What an expression
 * becomes is for lint to say, so nothing that depends on it is an error here. In draft-07; `$ref`s lead to `definitions`,
 * where what they name is put under names that start with `prefix`.
 */
export function withExpressions(root: AnySchema, prefix: string, definitions: { [name: string]: AnySchema }): AnySchema {
  const known = new Map<string, string>();

  /** The schema of a place, where the whole value may be an expression. */
  function place(schema: AnySchema): AnySchema {
    if (typeof schema === 'boolean' || takesAnyText(schema)) return schema === false ? false : shape(schema);
    const inner = shape(schema) as JsonSchema;
    if ('$ref' in inner) return inner;
    const outer: JsonSchema = {};
    for (const name of ANNOTATIONS) {
      if (!Object.hasOwn(inner, name)) continue;
      outer[name] = inner[name];
      delete inner[name];
    }
    const branches = Object.keys(inner).join() === 'anyOf' && Array.isArray(inner.anyOf) ? inner.anyOf : [inner];
    return { ...outer, anyOf: [...branches, EXPRESSION] };
  }

  /** The schema of a value that is no expression as a whole. */
  function shape(schema: AnySchema): AnySchema {
    if (typeof schema === 'boolean') return schema;
    if (typeof schema.$ref === 'string') return { ...annotations(schema), $ref: `#/definitions/${definition(schema.$ref)}` };
    const into = plainKeywords(schema);
    objects(schema, into);
    arrays(schema, into);
    const all: AnySchema[] = [];
    for (const name of LISTS) {
      const branches = keyword(schema, name);
      if (!Array.isArray(branches)) continue;
      const shaped = branches.filter(isSchema).map(shape);
      if (name === 'allOf') all.push(...shaped);
      // An expression may fit several branches of which its value fits one.
      else if (into.anyOf === undefined) into.anyOf = shaped;
      else all.push({ anyOf: shaped });
    }
    const condition = conditional(schema);
    if (condition) all.push(condition);
    if (all.length > 0) into.allOf = all;
    return into;
  }

  function objects(schema: JsonSchema, into: JsonSchema): void {
    for (const name of ['properties', 'patternProperties']) {
      const named = keyword(schema, name);
      if (!isSchemas(named)) continue;
      const usable = Object.entries(named).filter(([key, value]) => isSchema(value) && (name === 'properties' || isPattern(key)));
      into[name] = mapValues(Object.fromEntries(usable), place);
    }
    const rest = keyword(schema, 'additionalProperties');
    if (isSchema(rest)) into.additionalProperties = place(rest);
    const names = keyword(schema, 'propertyNames');
    if (isSchema(names)) into.propertyNames = shape(names);
    const required = keyword(schema, 'dependentRequired');
    const schemas = keyword(schema, 'dependentSchemas');
    const dependencies = { ...(isSchemas(required) ? required : {}), ...(isSchemas(schemas) ? mapValues(schemas, shape) : {}) };
    if (Object.keys(dependencies).length > 0) into.dependencies = dependencies;
  }

  function arrays(schema: JsonSchema, into: JsonSchema): void {
    const { items } = schema;
    const prefix = Array.isArray(schema.prefixItems) ? schema.prefixItems : Array.isArray(items) ? items : undefined;
    const rest = Array.isArray(items) ? schema.additionalItems : items;
    if (prefix) {
      into.items = prefix.filter(isSchema).map(place);
      if (isSchema(rest)) into.additionalItems = place(rest);
    } else if (isSchema(items)) into.items = place(items);
  }

  /** Where an expression keeps the condition from being decided, both branches are possible. */
  function conditional(schema: JsonSchema): JsonSchema | undefined {
    const { if: condition, then: yes = true, else: no = true } = schema;
    if (!isSchema(condition) || !isSchema(yes) || !isSchema(no)) return undefined;
    return choice(strict(condition), shape(yes), choice(shape(condition), {}, shape(no)));
  }

  /** The condition as it is: what is an expression there does not meet it. */
  function strict(schema: AnySchema): AnySchema {
    if (typeof schema === 'boolean') return schema;
    const into = plainKeywords(schema);
    for (const name of ANNOTATIONS) delete into[name];
    const { properties, items } = schema;
    if (isSchemas(properties)) into.properties = mapValues(properties, strict);
    if (isSchema(items)) into.items = strict(items);
    for (const name of LISTS) if (Array.isArray(schema[name])) into[name] = schema[name].filter(isSchema).map(strict);
    if (isSchema(schema.not)) into.not = strict(schema.not);
    return into;
  }

  /** The name under which the target of a reference stands, which is put there the first time. */
  function definition(ref: string): string {
    let name = known.get(ref);
    if (name === undefined) {
      name = `${prefix}.${known.size + 1}`;
      known.set(ref, name);
      const target = dereference({ $ref: ref }, root);
      definitions[name] = true;
      if (target !== undefined) definitions[name] = place(target);
    }
    return name;
  }

  return shape(root);
}

function annotations(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => ANNOTATIONS.includes(name)));
}

/** Whether text with an expression in it fits, whatever it says. */
function takesAnyText(schema: JsonSchema): boolean {
  const { type } = schema;
  const text = type === undefined || type === 'string' || (Array.isArray(type) && type.includes('string'));
  const narrowing = ['$ref', 'enum', 'const', 'maxLength', 'pattern', 'format', 'not', 'if', ...LISTS];
  return text && !narrowing.some((name) => Object.hasOwn(schema, name));
}
