import { type AccessNode, type ASTNode, literalKey } from '../ast.ts';

/** Where the key of an access stands. */
export function keyRange(node: AccessNode): { start: number; end: number } {
  const literal = literalKey(node);
  if (literal) return literal;
  const index = node.args[1] as ASTNode;
  return { start: index.start, end: index.end };
}

/** The same, with what to write there instead. */
export function renamed(node: AccessNode, name: string | undefined): { start: number; end: number; replacement?: string } {
  const { start, end } = keyRange(node);
  if (name === undefined) return { start, end };
  if (node.op === '[]' || node.op === '[?]') return { start, end, replacement: JSON.stringify(name) };
  if (/^[A-Za-z_]\w*$/.test(name)) return { start, end, replacement: name };
  // `.nmae` becomes `["my-name"]`: the dot goes, too.
  return node.op === '.' ? { start: dotBefore(node, start), end, replacement: `[${JSON.stringify(name)}]` } : { start, end };
}

function dotBefore(node: AccessNode, start: number): number {
  const dot = node.input.lastIndexOf('.', start);
  return dot >= node.args[0].end && node.input.slice(dot + 1, start).trim() === '' ? dot : start;
}

/** `.name`, or `["my-name"]` where a name is no identifier. */
export function member(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
