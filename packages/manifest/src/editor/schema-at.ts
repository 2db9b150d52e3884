import type { JsonSchema } from '@summit/maestro-sdk';
import type { Path } from '../parse/node.ts';
import { type AnySchema, dereference, isSchema, keyword } from '../schema/refs.ts';

/** The part of a schema that speaks of the value at a path; of alternatives the first that has one. */
export function schemaAt(root: JsonSchema, path: Path): JsonSchema | undefined {
  let current: AnySchema | undefined = root;
  for (const step of path) {
    current = current === undefined ? undefined : stepInto(current, root, step, 0);
  }
  const found = current === undefined ? undefined : dereferenced(current, root);
  return typeof found === 'object' ? found : undefined;
}

/** Text that stands beside a reference goes before that of what it names. */
function dereferenced(schema: AnySchema, root: JsonSchema): AnySchema | undefined {
  const target = dereference(schema, root);
  return typeof schema === 'object' && typeof target === 'object' && target !== schema ? { ...target, ...schema } : target;
}

function stepInto(schema: AnySchema, root: JsonSchema, step: string | number, depth: number): AnySchema | undefined {
  const target = dereference(schema, root);
  // Alternatives within alternatives may refer to each other without end.
  if (target === undefined || typeof target === 'boolean' || depth > 8) return undefined;
  const own = typeof step === 'number' ? itemAt(target, step) : fieldAt(target, step);
  if (own !== undefined) return own;
  for (const name of ['allOf', 'anyOf', 'oneOf']) {
    const branches = keyword(target, name);
    if (!Array.isArray(branches)) continue;
    for (const branch of branches) {
      const found = isSchema(branch) ? stepInto(branch, root, step, depth + 1) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function fieldAt(schema: JsonSchema, name: string): AnySchema | undefined {
  const properties = keyword(schema, 'properties');
  if (typeof properties === 'object' && properties !== null && Object.hasOwn(properties, name)) {
    const found = (properties as { [name: string]: unknown })[name];
    return isSchema(found) ? found : undefined;
  }
  const rest = keyword(schema, 'additionalProperties');
  return typeof rest === 'object' && isSchema(rest) ? rest : undefined;
}

function itemAt(schema: JsonSchema, index: number): AnySchema | undefined {
  const prefix = keyword(schema, 'prefixItems') ?? keyword(schema, 'items');
  if (Array.isArray(prefix) && isSchema(prefix[index])) return prefix[index];
  const items = keyword(schema, 'items');
  return isSchema(items) ? items : undefined;
}
