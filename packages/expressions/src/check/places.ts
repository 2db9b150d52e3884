import { type ASTNode, children, literalKey } from '../ast.ts';

/** What an expression reads, so that the same read is known again wherever it stands. Expressions have no effects: equal text, equal value. */
export interface Place {
  /** Equal for `a.b` and `a["b"]`. */
  key: string;
  /** Names it depends on: where one of them means something else, so does the place. */
  names: ReadonlySet<string>;
  /** The name it starts from and the fields from there, when it is nothing but fields. */
  path?: { root: string; steps: readonly string[] };
}

/** The place that a node reads; `undefined` for operations, of which nothing is remembered. */
export function placeOf(node: ASTNode): Place | undefined {
  switch (node.op) {
    case 'id':
      return { key: node.args, names: new Set([node.args]), path: { root: node.args, steps: [] } };
    case '.':
    case '.?':
    case '[]':
    case '[?]': {
      const left = placeOf(node.args[0]);
      if (!left) return undefined;
      const literal = literalKey(node)?.key;
      if (literal !== undefined) return fieldOf(left, literal);
      const index = node.args[1] as ASTNode;
      if (index.op === 'value') return { key: `${left.key}[${index.args}]`, names: left.names };
      const at = placeOf(index);
      return at && { key: `${left.key}[${at.key}]`, names: new Set([...left.names, ...at.names]) };
    }
    case 'call':
    case 'rcall':
      return { key: `(${node.input.slice(node.start, node.end)})`, names: namesIn(node) };
    default:
      return undefined;
  }
}

/** A field of a place. */
export function fieldOf(place: Place, name: string): Place {
  const { key, names, path } = place;
  return { key: `${key}.${JSON.stringify(name)}`, names, ...(path && { path: { root: path.root, steps: [...path.steps, name] } }) };
}

function namesIn(root: ASTNode): Set<string> {
  const names = new Set<string>();
  const open = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.op === 'id') names.add(node.args);
    open.push(...children(node));
  }
  return names;
}
