import { type AccessNode, type ASTNode, literalKey, type NodeOf } from '../ast.ts';
import { readRequiredAsIs } from './access.ts';

/** Accesses that lead from a variable to a value, and nothing else: `params.rows[0]["name"]`. */
export interface Path {
  variable: NodeOf<'id'>;
  steps: readonly { key: string | bigint; node: AccessNode }[];
}

/** The path that an expression is, if it is one. */
export function pathOf(node: ASTNode): Path | undefined {
  const steps: { key: string | bigint; node: AccessNode }[] = [];
  let at = node;
  while (at.op === '.' || at.op === '[]') {
    const key = literalKey(at)?.key ?? literalIndex(at);
    if (key === undefined) return undefined;
    steps.unshift({ key, node: at });
    at = at.args[0];
  }
  return at.op === 'id' && steps.length > 0 ? { variable: at, steps } : undefined;
}

/** What a path leads to in data from outside: as it is, its numbers are not made ints. */
export function follow(value: unknown, { steps }: Path): unknown {
  let at = value;
  for (let i = 0; i < steps.length; i++) {
    const { key, node } = steps[i] as Path['steps'][number];
    at = readRequiredAsIs(at, key, node);
  }
  return at;
}

function literalIndex(node: AccessNode): bigint | undefined {
  const index = node.op === '[]' ? node.args[1] : undefined;
  return index?.op === 'value' && typeof index.args === 'bigint' ? index.args : undefined;
}
