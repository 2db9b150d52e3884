import type { MapNode, Node, StringNode } from '../parse/node.ts';

/** The strings of a document, with the name of the field that each stands under, however deep. */
export function literals(root: MapNode): { node: StringNode; key: string | undefined }[] {
  const found: { node: StringNode; key: string | undefined }[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node, key: string | undefined): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === 'seq') for (const item of node.items) visit(item, key);
    else if (node.kind === 'map') for (const { name, value } of node.entries.values()) visit(value, name);
    else if (typeof node.value === 'string') found.push({ node: node as StringNode, key });
  };
  visit(root, undefined);
  return found;
}
