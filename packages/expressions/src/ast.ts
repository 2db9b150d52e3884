import type { ASTNode } from '@marcbachmann/cel-js';

export type { ASTNode } from '@marcbachmann/cel-js';

/** The node of one operator. */
export type NodeOf<Op extends ASTNode['op']> = Extract<ASTNode, { op: Op }>;

/** `a.name` and `a[index]`, and their optional forms. */
export type AccessNode = NodeOf<'.' | '[]' | '.?' | '[?]'>;

export function isAccess(node: ASTNode): node is AccessNode {
  return node.op === '.' || node.op === '[]' || node.op === '.?' || node.op === '[?]';
}

/** `a.?b` and `a[?b]` */
export function isOptional({ op }: AccessNode): boolean {
  return op === '.?' || op === '[?]';
}

/** The operands of a node, in the order of the source. */
export function children(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

/** How large a tree is. Without recursion: the tree may be as deep as it is large. */
export function measure(root: ASTNode): { nodes: number; depth: number } {
  let nodes = 0;
  let depth = 0;
  const open: { node: ASTNode; depth: number }[] = [{ node: root, depth: 1 }];
  for (let entry = open.pop(); entry; entry = open.pop()) {
    nodes++;
    if (entry.depth > depth) depth = entry.depth;
    for (const child of children(entry.node)) open.push({ node: child, depth: entry.depth + 1 });
  }
  return { nodes, depth };
}

/** The key of a field access or of an index with a literal string, with where it stands. */
export function literalKey(node: ASTNode): { key: string; start: number; end: number } | undefined {
  if (node.op === '.' || node.op === '.?') return { key: node.args[1], start: node.pos, end: node.end };
  if (node.op === '[]' || node.op === '[?]') {
    const index = node.args[1];
    if (index.op === 'value' && typeof index.args === 'string') return { key: index.args, start: index.start, end: index.end };
  }
  return undefined;
}
