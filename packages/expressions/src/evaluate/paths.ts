import { type AccessNode, type ASTNode, literalKey, type NodeOf } from '../ast.ts';
import { Failure } from '../errors.ts';
import { ROOTS } from '../roots.ts';
import { readRequired, readRequiredAsIs } from './access.ts';

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
  // Other names are of functions or types.
  return at.op === 'id' && (steps.length > 0 || isRoot(at.args)) ? { variable: at, steps } : undefined;
}

function isRoot(name: string): boolean {
  return (ROOTS as readonly string[]).includes(name);
}

/** The value of the name that a path starts from. */
export function rootValue(scope: unknown, variable: NodeOf<'id'>): unknown {
  const value = (scope as { getValue(name: string): unknown }).getValue(variable.args);
  if (value === undefined) throw new Failure('expression-value', `\`${variable.args}\` cannot be read here`, variable);
  return value;
}

/** What a path leads to, as CEL sees it. `undefined`: where it starts from has no value, as names of functions have none. */
export function followLifted(scope: unknown, { variable, steps }: Path): unknown {
  let at = (scope as { getValue(name: string): unknown }).getValue(variable.args);
  if (at === undefined) return undefined;
  const last = steps.length - 1;
  for (let i = 0; i < last; i++) {
    const { key, node } = steps[i] as Path['steps'][number];
    at = readRequiredAsIs(at, key, node);
  }
  const { key, node } = steps[last] as Path['steps'][number];
  return readRequired(at, key, node);
}

/** The same, its number as it is. */
export function followAsIs(scope: unknown, path: Path): unknown {
  const at = (scope as { getValue(name: string): unknown }).getValue(path.variable.args);
  return at === undefined ? undefined : follow(at, path);
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
