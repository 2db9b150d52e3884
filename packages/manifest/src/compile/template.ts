import { parseScalar } from '../expressions/scalar.ts';
import type { ScalarNode } from '../parse/node.ts';
import { type Node, setOwn } from '../parse/node.ts';
import type { Template } from '../plan.ts';

/** The template of a value of a document. Scalars that are not well-formed stay text: lint has refused them. */
export function templateOf(node: Node): Template {
  if (node.kind === 'scalar') return scalar(node);
  if (node.kind === 'seq') return node.items.map(templateOf);
  const fields = [...node.entries.values()].map((entry): [string, Template] => [entry.name, templateOf(entry.value)]);
  // One `$` key would look like one of the template's own nodes.
  if (fields.some(([name]) => name.startsWith('$'))) return { $map: fields };
  const object: { [key: string]: Template } = {};
  for (const [name, value] of fields) setOwn(object, name, value);
  return object;
}

function scalar(node: ScalarNode): Template {
  if (typeof node.value !== 'string') return node.value;
  const parsed = parseScalar(node.value);
  return 'error' in parsed ? node.value : parsed.template;
}
