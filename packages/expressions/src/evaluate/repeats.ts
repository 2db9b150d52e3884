import type { ASTNode } from '../ast.ts';
import { children } from '../ast.ts';

/** How often data may occur in a result before its size has to be looked at. */
const FEW = 8;

const COMPREHENSIONS = new Set(['map', 'filter', 'all', 'exists', 'exists_one']);
/** Other loops: what they make may hold anything any number of times. */
const LOOPS = new Set(['transformList', 'transformMap', 'transformMapEntry', 'flatten']);

/**
 * Whether data from outside can occur in the result many times over, so that a small expression makes a huge result:
 * it names data more than a few times, or a comprehension repeats something that is not its own element. Results of all other
 * expressions are at most a few times as large as their data, and need not be measured.
 */
export function mayRepeat(root: ASTNode): boolean {
  let names = 0;
  const open: { node: ASTNode; element?: string }[] = [{ node: root }];
  for (let entry = open.pop(); entry; entry = open.pop()) {
    const { node, element } = entry;
    if (node.op === 'id') {
      if (element !== undefined && node.args !== element) return true;
      if (++names > FEW) return true;
    } else if (node.op === 'rcall' && COMPREHENSIONS.has(node.args[0])) {
      const [method, receiver, [variable, ...body]] = node.args;
      open.push(element === undefined ? { node: receiver } : { node: receiver, element });
      // Only `map` puts what its body makes into the result; the rest choose among elements.
      const made = method === 'map' ? body.at(-1) : undefined;
      if (made && variable?.op === 'id') open.push({ node: made, element: variable.args });
    } else if (node.op === 'rcall' && LOOPS.has(node.args[0])) {
      return true;
    } else {
      for (const child of children(node)) open.push(element === undefined ? { node: child } : { node: child, element });
    }
  }
  return false;
}
