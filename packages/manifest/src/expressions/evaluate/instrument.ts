import { Optional } from '@marcbachmann/cel-js';
import { UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { type ASTNode, children, isAccess, isOptional, type NodeOf } from '../ast.ts';
import { Failure } from '../errors.ts';
import { ownMethod } from '../functions/methods.ts';
import { withArticle } from '../types/type.ts';
import { readOptional, readRequired } from './access.ts';
import { instrumentComprehension, instrumentHas } from './comprehensions.ts';
import { type Evaluate, type Evaluator, inside, isOptionalEntry, type Overlay, run } from './inside.ts';
import { keyOf } from './maps.ts';
import { spend, spendText } from './meter.ts';
import { arithmetic, comparison, equality, inRange, logic, MAX_INT, membership, negation } from './operators.ts';
import { followLifted, pathOf } from './paths.ts';
import { kindOf, mark, newMap } from './values.ts';

/** Lets go of the data of the last evaluation, which cel-js would keep until the next. */
export type Release = () => void;

/**
 * Prepares a parsed expression for evaluation over JSON; to be called once, before cel-js checks and evaluates it.
 * cel-js evaluates. At some nodes we take its place: where data from outside is read, as its numbers have to become ints
 * without converting all of it first, and where work and results have to be bounded while they are made.
 */
export function instrument(root: ASTNode): Release | undefined {
  const scopes: (() => readonly Overlay[])[] = [];
  const open = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    open.push(...children(node));
    const { alternate, macro } = inside(node).meta;
    if (alternate && node.op === 'rcall') {
      const scope = instrumentComprehension(node, alternate);
      scopes.push(() => [scope()].filter((overlay) => overlay !== undefined));
    } else if (macro) {
      if (node.op === 'call' && node.args[0] === 'has') instrumentHas(macro, node);
      scopes.push(() => (macro.bindCtx ? [macro.bindCtx] : (macro.overlays ?? [])));
    } else {
      const evaluate = evaluatorOf(node);
      if (evaluate) inside(node).setMeta('evaluate', evaluate);
      relaxCheck(node);
    }
  }
  if (scopes.length === 0) return undefined;
  return () => {
    for (const scope of scopes) {
      for (const overlay of scope()) {
        overlay.reuse(undefined);
        overlay.iterValue = undefined;
        overlay.accuValue = undefined;
      }
    }
  };
}

/**
 * What cel-js's checker must not refuse: comparing values of different types, which yields false, reading from what it knows nothing of, and empty literals, whose
 * elements it takes for a type of which several operators apply, and fails.
 */
function relaxCheck(node: ASTNode): void {
  if (node.op === '==' || node.op === '!=' || node.op === 'in') {
    inside(node).setMeta('check', (checker, _, scope) => {
      for (const operand of node.args) checker.check(operand, scope);
      return checker.getType('bool');
    });
  } else if (isAccess(node)) {
    inside(node).setMeta('check', (checker, _, scope) => {
      checker.check(node.args[0], scope);
      if (node.op === '[]' || node.op === '[?]') checker.check(node.args[1], scope);
      return checker.getType(isOptional(node) ? 'optional' : 'dyn');
    });
  } else if ((node.op === 'list' || node.op === 'map') && node.args.length === 0) {
    inside(node).setMeta('check', (checker) => checker.getType(node.op));
  }
}

/** What takes the place of cel-js's evaluator of a node. */
function evaluatorOf(node: ASTNode): Evaluate | undefined {
  switch (node.op) {
    case '.':
    case '[]':
      return access(node);
    case '.?': {
      const [container, name] = node.args;
      return (ev, _, scope) => readOptional(run(ev, container, scope), name, node);
    }
    case '[?]': {
      const [container, index] = node.args;
      return (ev, _, scope) => readOptional(run(ev, container, scope), run(ev, index, scope), node);
    }
    case '?:':
      return ternary(node);
    case 'list':
      return list(node);
    case 'map':
      return map(node);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmetic(node);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(node);
    case '==':
    case '!=':
      return equality(node);
    case 'in':
      return membership(node);
    case '||':
    case '&&':
      return logic(node);
    case '-_':
      return negation(node);
    case 'call':
      return call(node);
    case 'rcall':
      return method(node);
    default:
      return undefined;
  }
}

function access(node: NodeOf<'.' | '[]'>): Evaluate {
  const [container, key] = node.args;
  const read: Evaluate =
    typeof key === 'string'
      ? (ev, _, scope) => readRequired(run(ev, container, scope), key, node)
      : (ev, _, scope) => readRequired(run(ev, container, scope), run(ev, key, scope), node);
  const path = pathOf(node);
  if (!path) return read;
  return (ev, self, scope) => followLifted(scope, path) ?? read(ev, self, scope);
}

/** `a ? b : c`; what is no condition, cel-js reports. */
function ternary(node: NodeOf<'?:'>): Evaluate {
  const [condition, then, otherwise] = node.args;
  return (ev, self, scope) => {
    const holds = run(ev, condition, scope);
    if (holds === true) return run(ev, then, scope);
    return holds === false ? run(ev, otherwise, scope) : inside(self).handle(holds, ev, self, scope);
  };
}

function list(node: NodeOf<'list'>): Evaluate {
  const elements = node.args;
  if (!elements.some(isOptionalEntry)) return (ev, _, scope) => mark(evaluated(ev, elements, scope));
  return (ev, _, scope) => {
    const list: unknown[] = [];
    for (const element of elements) {
      const value = run(ev, element, scope);
      const made = isOptionalEntry(element) ? heldBy(value, element) : value;
      if (made !== undefined) list.push(made);
    }
    return mark(list);
  };
}

/** What an optional entry holds, `undefined` when it holds nothing. */
function heldBy(value: unknown, node: ASTNode): unknown {
  if (value instanceof Optional) return value.hasValue() ? value.value() : undefined;
  throw new Failure('expression-type', `an entry with \`?\` takes an optional, not ${withArticle(kindOf(value))}`, node);
}

function evaluated(ev: Evaluator, nodes: readonly ASTNode[], scope: unknown): unknown[] {
  const values = new Array<unknown>(nodes.length);
  for (let i = 0; i < nodes.length; i++) values[i] = run(ev, nodes[i] as ASTNode, scope);
  return values;
}

function map(node: NodeOf<'map'>): Evaluate {
  const entries = node.args.map(([key, value]) => ({
    key,
    name: key.op === 'value' && typeof key.args === 'string' ? key.args : undefined,
    value,
    optional: isOptionalEntry(key),
  }));
  const distinct = entries.every(({ name }) => name !== undefined) && new Set(entries.map(({ name }) => name)).size === entries.length;
  return (ev, _, scope) => {
    const made = newMap();
    let keyed: Map<unknown, unknown> | undefined;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as (typeof entries)[number];
      const key = entry.name ?? mapKey(run(ev, entry.key, scope), entry.key);
      if (!distinct && (keyed?.has(key) ?? Object.hasOwn(made, String(key)))) {
        throw new Failure('expression-value', `the map has the key ${JSON.stringify(String(key))} twice`, entry.key);
      }
      const given = run(ev, entry.value, scope);
      const value = entry.optional ? heldBy(given, entry.value) : given;
      if (value === undefined) continue;
      if (keyed === undefined && (typeof key !== 'string' || key === 'constructor')) keyed = new Map(Object.entries(made));
      if (keyed) keyed.set(key, value);
      else made[String(key)] = value;
    }
    return keyed ? mark(keyed) : made;
  };
}

function mapKey(key: unknown, node: ASTNode): string | bigint | boolean {
  const usable = keyOf(key);
  if (usable === undefined || typeof key === 'number') {
    throw new Failure('expression-type', `the key of a map is a string, an int or a bool, not ${withArticle(kindOf(key))}`, node);
  }
  return usable;
}

function call(node: NodeOf<'call'>): Evaluate {
  const [name, args] = node.args;
  const [only] = args;
  if (name === 'size' && only && args.length === 1) return size(node, only);
  return (ev, self, scope) => {
    const operands = evaluated(ev, args, scope);
    noteOperands(operands);
    return converted(name, operands[0]) ?? noted(name, inside(self).handle(operands, self, ev));
  };
}

function method(node: NodeOf<'rcall'>): Evaluate {
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
