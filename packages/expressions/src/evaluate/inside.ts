import type { Environment } from '@marcbachmann/cel-js';
import { type ASTNode, children } from '../ast.ts';
import { Failure } from '../errors.ts';
import { spendError } from './meter.ts';
import { isPlainObject } from './values.ts';

/*
 * What we know of cel-js from inside (8.0.0), all of it here: a node keeps its evaluator in `meta.evaluate` and what checks it in `meta.check`, set by `setMeta`;
 * macros expand to `meta.alternate` (a comprehension) or `meta.macro`; checking leaves in `handle` the function that
 * applies a node to its evaluated operands. `instrument.test.ts` fails if an update changes any of it.
 */

/** cel-js's evaluator, as it is handed to every node. */
export interface Evaluator {
  debugType(value: unknown): unknown;
  mapType: unknown;
  /** The value of a node, or the error as a value. */
  tryEval(node: ASTNode, scope: unknown): unknown;
}

/** Evaluates a node; `scope` is only handed on. */
export type Evaluate = (ev: Evaluator, node: ASTNode, scope: unknown) => unknown;

export interface MacroChecker {
  check(node: ASTNode, scope: unknown): unknown;
  getType(name: string): unknown;
}

export interface Macro {
  evaluate: Evaluate;
  typeCheck(checker: MacroChecker, macro: unknown, scope: unknown): unknown;
  /** The scope of `cel.bind`. */
  bindCtx?: Overlay;
  /** The scopes of our own macros. */
  overlays?: Overlay[];
}

/** A scope that holds the variable of a comprehension. cel-js uses it again for the next evaluation. */
export interface Overlay {
  reuse(parent: unknown): Overlay;
  iterValue: unknown;
  accuValue: unknown;
}

/** The operands of what `map`, `filter`, `all`, `exists` and `exists_one` expand to. */
export interface Comprehension {
  iterCtx?: Overlay;
}

interface Node {
  meta: { evaluate: Evaluate; alternate?: ASTNode; macro?: Macro; optional?: boolean };
  setMeta(key: 'optional', optional: boolean): void;
  setMeta(key: 'evaluate', evaluate: Evaluate): void;
  setMeta(key: 'check', check: (checker: MacroChecker, node: ASTNode, scope: unknown) => unknown): void;
  evaluate: Evaluate;
  handle(...operands: unknown[]): unknown;
}

/** How many nodes a tree has. */
export function size(node: ASTNode): number {
  return 1 + children(node).reduce((sum, child) => sum + size(child), 0);
}

export const inside = (node: ASTNode): Node => node as unknown as Node;

/** The value of an operand. */
export function run(ev: Evaluator, node: ASTNode, scope: unknown): unknown {
  return (node as unknown as Node).evaluate(ev, node, scope);
}

/** The values of operands. */
export function evaluated(ev: Evaluator, nodes: readonly ASTNode[], scope: unknown): unknown[] {
  const values = new Array<unknown>(nodes.length);
  for (let i = 0; i < nodes.length; i++) values[i] = run(ev, nodes[i] as ASTNode, scope);
  return values;
}

const evaluators = new WeakMap<Environment, Evaluator>();

/** The evaluator of an environment that was amended. */
export function evaluatorOf(env: Environment): Evaluator {
  return evaluators.get(env) as Evaluator;
}

/**
 * Amends the evaluator of an environment. It takes JSON objects for maps whatever their fields: cel-js asks an object's
 * `constructor` what it is, which in JSON is a field like any other. And it lets quantifiers forget errors that do not
 * decide, as CEL wants it, but not that a limit is exceeded.
 */
export function amendEvaluator(env: Environment): void {
  const probe = env.parse('0 == 0');
  inside(probe.ast).setMeta('evaluate', (ev) => {
    const debugType = ev.debugType;
    ev.debugType = (value) => (typeof value === 'object' && isPlainObject(value) ? ev.mapType : debugType.call(ev, value));
    ev.tryEval = (node, scope) => {
      try {
        return run(ev, node, scope);
      } catch (error) {
        if (error instanceof Failure && error.code === 'expression-limit') throw error;
        spendError(error);
        return error;
      }
    };
    evaluators.set(env, ev);
    return true;
  });
  probe();
}

/** cel-js's parser, as it is handed to every macro. */
export interface Parser {
  input: string;
  /** Where the current token starts, and which one it is. */
  pos: number;
  type: number;
  consume(type: number): void;
  parseExpression(): ASTNode;
  parseList(): ASTNode;
  parseMap(): ASTNode;
  parseArgumentList(): ASTNode[];
}

const amended = new WeakSet<Parser>();

/** Makes a parser read optional entries, which cel-js's does not: `[?a.?b]` and `{?"c": a.?b}`. The element or key is marked. */
export function amendParser(parser: Parser): void {
  if (amended.has(parser)) return;
  amended.add(parser);
  const within: ('entries' | 'arguments')[] = [];
  const nested = <T>(kind: 'entries' | 'arguments', parse: () => T) =>
    function (this: Parser): T {
      // What an earlier expression left behind when it could not be parsed.
      if (this.input.slice(0, this.pos).trim() === '') within.length = 0;
      within.push(kind);
      const parsed = parse.call(this);
      within.pop();
      return parsed;
    };
  const { parseExpression, parseList, parseMap, parseArgumentList } = parser;
  parser.parseList = nested('entries', parseList);
  parser.parseMap = nested('entries', parseMap);
  parser.parseArgumentList = nested('arguments', parseArgumentList);
  parser.parseExpression = function (this: Parser): ASTNode {
    if (this.input[this.pos] !== '?' || within.at(-1) !== 'entries' || !/[[{,]\s*$/.test(this.input.slice(0, this.pos)))
      return parseExpression.call(this);
    this.consume(this.type);
    const node = parseExpression.call(this);
    inside(node).setMeta('optional', true);
    return node;
  };
}

/** Whether an element of a list, or the key of an entry of a map, is written with a `?`. */
export function isOptionalEntry(node: ASTNode): boolean {
  return inside(node).meta.optional === true;
}
