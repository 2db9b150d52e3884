import type { ASTNode } from '../ast.ts';
import { follow, pathOf, rootValue } from './paths.ts';

/** The value of a node when it is an integer that JSON holds exactly; `undefined`: it is something else, or cannot be said here. */
export type EvaluateInteger = (scope: unknown) => number | undefined;

/**
 * A short way for sums of integers from outside, which need not become bigints for it: `params.count * 2 + 1`. To be used outside of
 * comprehensions only, where names are those of data from outside. Whatever it does not know is left to the evaluation proper.
 */
export function integerEvaluator(node: ASTNode): EvaluateInteger | undefined {
  switch (node.op) {
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return operation(
        node.op,
        integerEvaluator(node.args[0]) ?? operand(node.args[0]),
        integerEvaluator(node.args[1]) ?? operand(node.args[1]),
      );
    default:
      return undefined;
  }
}

function operand(node: ASTNode): EvaluateInteger | undefined {
  if (node.op === 'value') {
    const value = typeof node.args === 'bigint' ? Number(node.args) : undefined;
    return value !== undefined && Number.isSafeInteger(value) ? () => value : undefined;
  }
  const path = pathOf(node);
  if (!path) return undefined;
  return (scope) => {
    const value = follow(rootValue(scope, path.variable), path);
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
  };
}

type Operator = '+' | '-' | '*' | '/' | '%';

function operation(operator: Operator, left: EvaluateInteger | undefined, right: EvaluateInteger | undefined): EvaluateInteger | undefined {
  if (!left || !right) return undefined;
  const apply = APPLY[operator];
  return (scope) => {
    const a = left(scope);
    if (a === undefined) return undefined;
    const b = right(scope);
    if (b === undefined) return undefined;
    const result = apply(a, b);
    // No minus zero: an int has none.
    return Number.isSafeInteger(result) ? result + 0 : undefined;
  };
}

// Division by zero is no safe integer, and so an error of the evaluation proper. Of safe integers, a quotient is never rounded up to a whole number.
const APPLY: { [operator in Operator]: (a: number, b: number) => number } = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => Math.trunc(a / b),
  '%': (a, b) => a % b,
};
