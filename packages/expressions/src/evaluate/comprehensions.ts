import { Optional } from '@marcbachmann/cel-js';
import type { ASTNode, NodeOf } from '../ast.ts';
import { Failure } from '../errors.ts';
import { withArticle } from '../types/type.ts';
import { read } from './access.ts';
import { type Comprehension, type Evaluate, type Evaluator, inside, type Macro, type Overlay, run, size } from './inside.ts';
import { isMapping, keysOf } from './maps.ts';
import { spend } from './meter.ts';
import { lifted } from './operators.ts';
import { follow, type Path, pathOf } from './paths.ts';
import { isMadeByCel, kindOf, mark } from './values.ts';

/**
 * `map`, `filter`, `all`, `exists`, `exists_one`: cel-js loops; here the elements become ints where they are, and the work is
 * noted beforehand: elements times nodes of the body. Returns how to reach the scope that the loop leaves behind.
 */
export function instrumentComprehension(node: NodeOf<'rcall'>, alternate: ASTNode): () => Overlay | undefined {
  const [method, receiver, [variable, ...body]] = node.args;
  const args = alternate.args as unknown as Comprehension;
  const weight = 3 + body.reduce((sum, part) => sum + size(part), 0);
  const made = method === 'map' && body.length === 1 ? pathOf(body[0] as ASTNode) : undefined;
  const path = variable?.op === 'id' && made?.variable.args === variable.args ? made : undefined;

  const evaluate: Evaluate = (ev, self, scope) => {
    const container = run(ev, receiver, scope);
    if (path && Array.isArray(container) && !isMadeByCel(container)) return column(container, path);
    const items = elements(container, receiver);
    spend(1 + items.length * weight);
    const result = inside(self).handle(items, args, ev, scope);
    if (!Array.isArray(result)) return result;
    // `filter` keeps elements as they are.
    return method === 'filter' && Array.isArray(container) && !isMadeByCel(items) ? result : mark(result);
  };
  inside(alternate).setMeta('evaluate', evaluate);
  return () => args.iterCtx;
}

/** `rows.map(row, row.id)` over data from outside: it yields data from outside, of which nothing needs to become an int. */
function column(rows: readonly unknown[], path: Path): unknown[] {
  spend(1 + rows.length * (1 + path.steps.length));
  const values = new Array<unknown>(rows.length);
  for (let i = 0; i < rows.length; i++) values[i] = follow(rows[i], path);
  return values;
}

/** What a comprehension goes over: elements, or the keys of a map. */
function elements(container: unknown, node: ASTNode): readonly unknown[] {
  if (Array.isArray(container)) return lifted(container);
  if (isMapping(container)) return keysOf(container);
  throw new Failure('expression-type', `only a list or a map has elements, not ${withArticle(kindOf(container))}`, node);
}

/**
 * `has(e.name)` for any `e`; cel-js takes only chains of names. It is false, too, where something on the way is absent or null,
 * so that `has(a.b.c)` is one question.
 */
export function instrumentHas(macro: Macro, node: NodeOf<'call'>): void {
  const access = node.args[1][0];
  if (access?.op !== '.') return;
  macro.typeCheck = (checker, _, scope) => {
    checker.check(access.args[0], scope);
    return checker.getType('bool');
  };
  macro.evaluate = (ev, _, scope) => probe(ev, access, scope) !== undefined;
}

/** What an access reads, `undefined` where it or anything on the way is not there. */
function probe(ev: Evaluator, node: ASTNode, scope: unknown): unknown {
  if (node.op !== '.' && node.op !== '[]') return run(ev, node, scope);
  const container = held(probe(ev, node.args[0], scope));
  if (container === undefined || container === null) return undefined;
  return read(container, node.op === '.' ? node.args[1] : run(ev, node.args[1], scope), node);
}

/** What an optional holds; anything else as it is. */
function held(value: unknown): unknown {
  if (!(value instanceof Optional)) return value;
  return value.hasValue() ? value.value() : undefined;
}
