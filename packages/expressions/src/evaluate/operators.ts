import { Duration } from '@marcbachmann/cel-js/evaluator';
import type { AccessNode, ASTNode, NodeOf } from '../ast.ts';
import { Failure } from '../errors.ts';
import { withArticle } from '../types/type.ts';
import { readRequiredAsIs } from './access.ts';
import { equal, includes } from './equality.ts';
import { type Evaluate, type Evaluator, inside, run } from './inside.ts';
import { isMapping } from './maps.ts';
import { roomForText, spend, spendError } from './meter.ts';
import { followAsIs, pathOf } from './paths.ts';
import { isMadeByCel, kindOf, lift, mark } from './values.ts';

export const MAX_INT = 9_223_372_036_854_775_807n;
/** Of a duration: some 10,000 years. */
const MOST_SECONDS = 315_576_000_000n;
const FIRST_TIME = -62_135_596_800_000;
const LAST_TIME = 253_402_300_799_999;
const MIN_INT = -9_223_372_036_854_775_808n;

/** `+ - * / %`: numbers here, everything else (and every error) in cel-js. */
export function arithmetic(node: NodeOf<'+' | '-' | '*' | '/' | '%'>): Evaluate {
  const [left, right] = node.args;
  const apply = APPLY[node.op];
  return (ev, self, scope) => {
    const a = run(ev, left, scope);
    const b = run(ev, right, scope);
    const result = apply(a, b);
    return result === undefined ? inRange(inside(self).handle(a, b, self, ev)) : result;
  };
}

/** `-a` */
export function negation(node: NodeOf<'-_'>): Evaluate {
  const operand = node.args;
  return (ev, self, scope) => {
    const value = run(ev, operand, scope);
    if (typeof value === 'number') return -value;
    return typeof value === 'bigint' ? int(-value) : inside(self).handle(value, self, ev);
  };
}

type Apply = (a: unknown, b: unknown) => unknown;

/** An operator on two doubles, two ints, or one of each; `undefined`: not for us. */
function onNumbers(doubles: (a: number, b: number) => number, ints: (a: bigint, b: bigint) => bigint | undefined): Apply {
  return (a, b) => {
    if (typeof a === 'number') {
      if (typeof b === 'number') return doubles(a, b);
      return typeof b === 'bigint' ? doubles(a, Number(b)) : undefined;
    }
    if (typeof a !== 'bigint') return undefined;
    if (typeof b === 'bigint') return ints(a, b);
    return typeof b === 'number' ? doubles(Number(a), b) : undefined;
  };
}

const add = onNumbers(
  (a, b) => a + b,
  (a, b) => int(a + b),
);

const subtract = onNumbers(
  (a, b) => a - b,
  (a, b) => int(a - b),
);

/** The time between two timestamps; it has to fit into 64 bits of nanoseconds. */
function between(a: Date, b: Date): Duration {
  const ms = BigInt(a.getTime()) - BigInt(b.getTime());
  int(ms * 1_000_000n);
  return new Duration(ms / 1_000n, Number(ms % 1_000n) * 1_000_000);
}

const APPLY: { [operator in '+' | '-' | '*' | '/' | '%']: Apply } = {
  '+': (a, b) => {
    if (typeof a === 'string' && typeof b === 'string') {
      roomForText(a.length + b.length);
      return a + b;
    }
    return Array.isArray(a) && Array.isArray(b) ? concatenate(a, b) : add(a, b);
  },
  '-': (a, b) => (a instanceof Date && b instanceof Date ? between(a, b) : subtract(a, b)),
  '*': onNumbers(
    (a, b) => a * b,
    (a, b) => int(a * b),
  ),
  '/': onNumbers(
    (a, b) => a / b,
    (a, b) => (b === 0n ? undefined : int(a / b)),
  ),
  '%': (a, b) => (typeof a === 'bigint' && typeof b === 'bigint' && b !== 0n ? a % b : undefined),
};

function int(value: bigint): bigint {
  if (value <= MAX_INT && value >= MIN_INT) return value;
  throw new Failure('expression-value', `the integer ${value} is out of the range of 64 bits`);
}

/** Durations, and timestamps that end with the year 9999, have a range in CEL. */
export function inRange(value: unknown): unknown {
  if (value instanceof Duration) {
    if (value.seconds > MOST_SECONDS || value.seconds < -MOST_SECONDS)
      throw new Failure('expression-value', 'the duration is out of range');
  } else if (value instanceof Date && !(value.getTime() >= FIRST_TIME && value.getTime() <= LAST_TIME)) {
    throw new Failure('expression-value', 'the timestamp is out of range');
  }
  return value;
}

function concatenate(a: readonly unknown[], b: readonly unknown[]): unknown[] {
  spend(a.length + b.length);
  return mark([...lifted(a), ...lifted(b)]);
}

/** The elements of a list as ints where they are ints. The list itself when there is nothing to change. */
export function lifted(list: readonly unknown[]): readonly unknown[] {
  if (isMadeByCel(list)) return list;
  for (let i = 0; i < list.length; i++) {
    if (typeof list[i] === 'number' && Number.isSafeInteger(list[i])) return mark(list.map((element) => lift(element, list)));
  }
  return list;
}

/** `< <= > >=`: numbers and texts here. A number that is only compared need not become an int. */
export function comparison(node: NodeOf<'<' | '<=' | '>' | '>='>): Evaluate {
  const left = asIs(node.args[0]);
  const right = asIs(node.args[1]);
  const apply = COMPARE[node.op];
  return (ev, self, scope) => {
    const a = left(ev, scope);
    const b = right(ev, scope);
    if ((isPlainNumber(a) && isPlainNumber(b)) || (typeof a === 'string' && typeof b === 'string')) return apply(a, b);
    return inside(self).handle(a, b, self, ev);
  };
}

type Ordered = number | bigint | string;

const COMPARE: { [operator in '<' | '<=' | '>' | '>=']: (a: Ordered, b: Ordered) => boolean } = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function isPlainNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** `==` and `!=` */
export function equality(node: NodeOf<'==' | '!='>): Evaluate {
  const left = asIs(node.args[0]);
  const right = asIs(node.args[1]);
  const expected = node.op === '==';
  return (ev, _, scope) => equal(left(ev, scope), right(ev, scope)) === expected;
}

/** `in` */
export function membership(node: NodeOf<'in'>): Evaluate {
  const [left, right] = node.args;
  return (ev, _, scope) => {
    const value = run(ev, left, scope);
    const container = run(ev, right, scope);
    if (Array.isArray(container) || isMapping(container)) return includes(container, value);
    throw new Failure('expression-type', `\`in\` looks into a list or a map, not into ${withArticle(kindOf(container))}`, right);
  };
}

/** How to evaluate an operand whose number need not become an int. */
function asIs(node: ASTNode): (ev: Evaluator, scope: unknown) => unknown {
  if (node.op === '.') {
    const [container, name] = node.args;
    const path = pathOf(node);
    if (path) return (ev, scope) => followAsIs(scope, path) ?? readRequiredAsIs(run(ev, container, scope), name, node as AccessNode);
    return (ev, scope) => readRequiredAsIs(run(ev, container, scope), name, node as AccessNode);
  }
  return (ev, scope) => run(ev, node, scope);
}

/** `||` (decided by true) and `&&` (decided by false): an error on one side does not matter when the other decides. */
export function logic(node: NodeOf<'||' | '&&'>): Evaluate {
  const [left, right] = node.args;
  const decisive = node.op === '||';
  return (ev, _, scope) => {
    let failed: unknown;
    let value: unknown;
    try {
      value = run(ev, left, scope);
    } catch (error) {
      if (error instanceof Failure && error.code === 'expression-limit') throw error;
      spendError(error);
      failed = error;
    }
    if (value === decisive) return decisive;
    const other = run(ev, right, scope);
    if (other === decisive) return decisive;
    if (failed !== undefined) throw failed;
    if (typeof value !== 'boolean') throw notBoolean(node.op, value, left);
    if (typeof other !== 'boolean') throw notBoolean(node.op, other, right);
    return !decisive;
  };
}

function notBoolean(operator: string, value: unknown, node: ASTNode): Failure {
  return new Failure('expression-type', `\`${operator}\` takes bools, not ${withArticle(kindOf(value))}`, node);
}
