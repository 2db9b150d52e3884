import { quoted } from '@summit/maestro-expressions/text';
import { isString, type Node, type Path, toJson } from '../parse/node.ts';
import type { SchemaProblem } from './problem.ts';
import { type AnySchema, dereference } from './refs.ts';

/** Keywords whose values are data: a `$ref` in there is no reference. */
const DATA = new Set(['enum', 'const', 'default', 'examples']);

/** The references of a schema that lead nowhere, or only to each other: what they should have checked would pass unchecked. */
export function brokenReferences(schema: Node): SchemaProblem[] {
  const root = toJson(schema) as AnySchema;
  const leads = new Map<string, boolean>();
  const problems: SchemaProblem[] = [];
  const visit = (node: Node, path: Path): void => {
    if (node.kind === 'seq') for (const [index, item] of node.items.entries()) visit(item, [...path, index]);
    if (node.kind !== 'map') return;
    for (const { name, value } of node.entries.values()) {
      if (name === '$ref' && isString(value)) {
        const ref = value.value;
        if (!leads.has(ref)) leads.set(ref, dereference({ $ref: ref }, root) !== undefined);
        if (leads.get(ref) === false) problems.push(broken(value, ref, [...path, name]));
      } else if (!DATA.has(name)) visit(value, [...path, name]);
    }
  };
  visit(schema, []);
  return problems;
}

function broken(node: Node, ref: string, path: Path): SchemaProblem {
  const text = `leads to no schema: ${quoted(ref)}`;
  return {
    kind: 'value',
    node,
    path,
    text,
    hint: 'refer to a part of the same schema, such as #/$defs/name; two references must not only name each other',
  };
}
