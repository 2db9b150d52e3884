import { UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import type { ASTNode, NodeOf } from '../ast.ts';
import { Failure } from '../errors.ts';
import { ownMethod } from '../functions/methods.ts';
import { type Evaluate, evaluated, inside, run } from './inside.ts';
import { spend, spendText } from './meter.ts';
import { inRange, MAX_INT } from './operators.ts';

/** `f(a)` */
export function call(node: NodeOf<'call'>): Evaluate {
  const [name, args] = node.args;
  const [only] = args;
  if (name === 'size' && only && args.length === 1) return size(node, only);
  return (ev, self, scope) => {
    const operands = evaluated(ev, args, scope);
    noteOperands(operands);
    return converted(name, operands[0]) ?? noted(name, inside(self).handle(operands, self, ev));
  };
}

/** `a.f(b)` */
export function method(node: NodeOf<'rcall'>): Evaluate {
  const [name, receiver, args] = node.args;
  const nodes = [receiver, ...args];
  const own = ownMethod(name, args.length);
  return (ev, self, scope) => {
    const operands = evaluated(ev, nodes, scope);
    noteOperands(operands);
    const value = own?.(operands);
    return value === undefined ? noted(name, inside(self).handle(operands, ev, self)) : value;
  };
}

/** `size(list)` here; of everything else in cel-js. */
function size(node: NodeOf<'call'>, operand: ASTNode): Evaluate {
  return (ev, self, scope) => {
    const value = run(ev, operand, scope);
    if (Array.isArray(value)) return BigInt(value.length);
    noteOperands([value]);
    return noted(node.args[0], inside(self).handle([value], self, ev));
  };
}

/** Functions read what they are given: that is their work. */
function noteOperands(operands: readonly unknown[]): void {
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i];
    if (typeof operand === 'string' || operand instanceof Uint8Array) spendText(operand.length);
  }
}

/** `size` of a map counts its keys. */
function noted(name: string, result: unknown): unknown {
  if (name === 'size' && typeof result === 'bigint') spend(Number(result) >> 3);
  if (name === 'duration') inRange(result);
  return result;
}

const LOSSLESS = new TextDecoder('utf-8', { fatal: true });

/** Conversions that cel-js lets go wrong: ints and uints out of range, bytes that are no text. */
function converted(name: string, operand: unknown): unknown {
  if (name === 'int') {
    if (typeof operand === 'number' && Math.abs(operand) >= 2 ** 63)
      throw new Failure('expression-value', `int: ${operand} is out of the range of 64 bits`);
    if (operand instanceof UnsignedInt && operand.value > MAX_INT)
      throw new Failure('expression-value', `int: ${operand} is out of the range of 64 bits`);
  } else if (name === 'uint' && typeof operand === 'number' && operand >= 2 ** 64) {
    throw new Failure('expression-value', `uint: ${operand} is out of the range of 64 bits`);
  } else if (name === 'string' && typeof operand === 'bigint') {
    return operand.toString();
  } else if (name === 'string' && operand instanceof Uint8Array) {
    try {
      return LOSSLESS.decode(operand);
    } catch {
      throw new Failure('expression-value', 'string: the bytes are not UTF-8 text');
    }
  }
  return undefined;
}
