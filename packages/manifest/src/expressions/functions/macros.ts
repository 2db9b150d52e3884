import { type Environment, Optional, ParseError } from '@marcbachmann/cel-js';
import type { ASTNode } from '../ast.ts';
import { Failure } from '../errors.ts';
import { amendParser, type Evaluator, type Macro, type MacroChecker, type Overlay, type Parser, run, size } from '../evaluate/inside.ts';
import { isMapping, keyOf, keysOf, valueAt } from '../evaluate/maps.ts';
import { spend, spendError } from '../evaluate/meter.ts';
import { lifted } from '../evaluate/operators.ts';
import { isMadeByCel, kindOf, lift, mark, newMap } from '../evaluate/values.ts';
import { withArticle } from '../types/type.ts';
import { sorted } from './lists.ts';

/** What a macro is given: a receiver, names of variables, and expressions that see them. */
interface Shape {
  variables: 1 | 2;
  /** How many expressions follow the variables. */
  bodies: number;
  result: string;
  evaluate(loop: Loop, receiver: unknown): unknown;
}

/** The variables and expressions of a macro, in one evaluation. */
interface Loop {
  /** Sets the variables. */
  set(first: unknown, second?: unknown): void;
  /** Evaluates an expression that sees them. */
  body(at: number): unknown;
  receiver: ASTNode;
  bodies: readonly ASTNode[];
}

/** The macros of CEL's extensions: comprehensions with two variables, `sortBy`, `optMap` and `optFlatMap`. */
export const SHAPES: { [nameAndArity: string]: Shape } = {
  'all/3': { variables: 2, bodies: 1, result: 'bool', evaluate: (loop, on) => quantify(loop, on, 'all') },
  'exists/3': { variables: 2, bodies: 1, result: 'bool', evaluate: (loop, on) => quantify(loop, on, 'exists') },
  'existsOne/3': { variables: 2, bodies: 1, result: 'bool', evaluate: one },
  'exists_one/3': { variables: 2, bodies: 1, result: 'bool', evaluate: one },
  'existsOne/2': { variables: 1, bodies: 1, result: 'bool', evaluate: oneElement },
  'transformList/3': { variables: 2, bodies: 1, result: 'list', evaluate: transformList },
  'transformList/4': { variables: 2, bodies: 2, result: 'list', evaluate: transformList },
  'transformMap/3': { variables: 2, bodies: 1, result: 'map', evaluate: transformMap },
  'transformMap/4': { variables: 2, bodies: 2, result: 'map', evaluate: transformMap },
  'transformMapEntry/3': { variables: 2, bodies: 1, result: 'map', evaluate: transformEntries },
  'transformMapEntry/4': { variables: 2, bodies: 2, result: 'map', evaluate: transformEntries },
  'sortBy/2': { variables: 1, bodies: 1, result: 'list', evaluate: sortBy },
  'optMap/2': { variables: 1, bodies: 1, result: 'optional', evaluate: (loop, on) => mapOptional(loop, on, (value) => Optional.of(value)) },
  'optFlatMap/2': { variables: 1, bodies: 1, result: 'optional', evaluate: (loop, on) => mapOptional(loop, on, flat) },
};

export function registerMacros(env: Environment): void {
  for (const [key, shape] of Object.entries(SHAPES)) {
    const [name, arity] = key.split('/');
    const receiver = shape.result === 'optional' ? 'optional' : 'dyn';
    env.registerFunction(`${receiver}.${name}(${Array(Number(arity)).fill('ast').join(', ')}): ${shape.result}`, ((call: Call) =>
      macro(call, shape, name as string)) as never);
  }
  // A parser is only seen by a macro.
  env.parse('a.optMap(b, b)');
}

interface Call {
  ast: ASTNode;
  args: readonly ASTNode[];
  receiver: ASTNode;
  parser: Parser;
}

function macro({ ast, args, receiver, parser }: Call, shape: Shape, name: string): Macro {
  amendParser(parser);
  const variables = args.slice(0, shape.variables).map((node) => {
    if (node.op === 'id') return node.args;
    throw new ParseError({ code: 'invalid_macro_argument', summary: `${name} takes a name for each element`, node } as never);
  });
  const bodies = args.slice(shape.variables);
  const weight = 2 + bodies.reduce((sum, body) => sum + size(body), 0);
  const overlays: Overlay[] = [];
  return {
    ast,
    overlays,
    async: false,
    typeCheck(checker: MacroChecker, _: unknown, scope: { forkWithVariable(name: string, type: unknown): Overlay }) {
      checker.check(receiver, scope);
      overlays.length = 0;
      let inner = scope;
      for (const variable of variables) {
        const overlay = inner.forkWithVariable(variable, checker.getType('dyn'));
        overlays.push(overlay);
        inner = overlay as never;
      }
      for (const body of bodies) checker.check(body, inner);
      return checker.getType(shape.result === 'bool' ? 'bool' : shape.result === 'optional' ? 'optional' : 'dyn');
    },
    evaluate(ev: Evaluator, _: unknown, scope: unknown) {
      const on = run(ev, receiver, scope);
      let inner = scope;
      const used = overlays.map((overlay) => {
        const own = overlay.reuse(inner);
        inner = own;
        return own;
      });
      return shape.evaluate(
        {
          receiver,
          bodies,
          set(first, second) {
            spend(weight);
            if (used[0]) used[0].iterValue = first;
            if (used[1]) used[1].iterValue = second;
          },
          body: (at) => run(ev, bodies[at] as ASTNode, inner),
        },
        on,
      );
    },
  } as unknown as Macro;
}

/** Index and element of a list, key and value of a map. */
function* entriesOf(on: unknown, node: ASTNode): Generator<[unknown, unknown]> {
  if (Array.isArray(on)) {
    const list = lifted(on);
    for (let i = 0; i < list.length; i++) yield [BigInt(i), list[i]];
  } else if (isMapping(on)) {
    for (const key of keysOf(on)) yield [key, on instanceof Map && isMadeByCel(on) ? valueAt(on, key) : lift(valueAt(on, key), on)];
  } else throw new Failure('expression-type', `only a list or a map has elements, not ${withArticle(kindOf(on))}`, node);
}

/** `all` is decided by false, `exists` by true; an error counts only where nothing decides. */
function quantify(loop: Loop, on: unknown, kind: 'all' | 'exists'): boolean {
  const decisive = kind === 'exists';
  let failed: unknown;
  for (const [first, second] of entriesOf(on, loop.receiver)) {
    try {
      loop.set(first, second);
      if (holds(loop, 0) === decisive) return decisive;
    } catch (error) {
      if (error instanceof Failure && error.code === 'expression-limit') throw error;
      spendError(error);
      failed ??= error;
    }
  }
  if (failed !== undefined) throw failed;
  return !decisive;
}

function one(loop: Loop, on: unknown): boolean {
  let found = 0;
  for (const [first, second] of entriesOf(on, loop.receiver)) {
    loop.set(first, second);
    if (holds(loop, 0)) found++;
  }
  return found === 1;
}

function oneElement(loop: Loop, on: unknown): boolean {
  let found = 0;
  for (const [key, value] of entriesOf(on, loop.receiver)) {
    loop.set(Array.isArray(on) ? value : key);
    if (holds(loop, 0)) found++;
  }
  return found === 1;
}

function holds(loop: Loop, at: number): boolean {
  const value = loop.body(at);
  if (typeof value === 'boolean') return value;
  throw new Failure('expression-type', `a condition is a bool, not ${withArticle(kindOf(value))}`, loop.bodies[at]);
}

/** Goes over what the filter, if there is one, lets through. */
function* chosen(loop: Loop, on: unknown): Generator<{ key: unknown; made: unknown }> {
  for (const [first, second] of entriesOf(on, loop.receiver)) {
    loop.set(first, second);
    if (loop.bodies.length === 1 || holds(loop, 0)) yield { key: first, made: loop.body(loop.bodies.length - 1) };
  }
}

function transformList(loop: Loop, on: unknown): unknown[] {
  return mark(Array.from(chosen(loop, on), ({ made }) => made));
}

function transformMap(loop: Loop, on: unknown): unknown {
  return mapOf(Array.from(chosen(loop, on), ({ key, made }) => [key, made] as const));
}

function transformEntries(loop: Loop, on: unknown): unknown {
  const entries: (readonly [unknown, unknown])[] = [];
  const seen = new Set<unknown>();
  for (const { made } of chosen(loop, on)) {
    if (!isMapping(made))
      throw new Failure('expression-type', `transformMapEntry makes maps, not ${withArticle(kindOf(made))}`, loop.bodies.at(-1));
    for (const key of keysOf(made)) {
      if (seen.has(key))
        throw new Failure('expression-value', `transformMapEntry makes the key ${JSON.stringify(String(key))} twice`, loop.bodies.at(-1));
      seen.add(key);
      entries.push([key, lift(valueAt(made, key), made)]);
    }
  }
  return mapOf(entries);
}

function mapOf(entries: readonly (readonly [unknown, unknown])[]): unknown {
  if (entries.some(([key]) => typeof key !== 'string' || key === 'constructor'))
    return mark(new Map(entries.map(([key, value]) => [keyOf(key), value])));
  const map = newMap();
  for (const [key, value] of entries) map[key as string] = value;
  return map;
}

function sortBy(loop: Loop, on: unknown): unknown[] {
  if (!Array.isArray(on)) throw new Failure('expression-type', `sortBy takes a list, not ${withArticle(kindOf(on))}`, loop.receiver);
  return sorted(mark([...lifted(on)]), (element) => {
    loop.set(element);
    return loop.body(0);
  });
}

function mapOptional(loop: Loop, on: unknown, wrap: (value: unknown, node: ASTNode) => Optional): Optional {
  if (!(on instanceof Optional))
    throw new Failure('expression-type', `optMap takes an optional, not ${withArticle(kindOf(on))}`, loop.receiver);
  if (!on.hasValue()) return on;
  loop.set(on.value());
  return wrap(loop.body(0), loop.bodies[0] as ASTNode);
}

function flat(value: unknown, node: ASTNode): Optional {
  if (value instanceof Optional) return value;
  throw new Failure('expression-type', `optFlatMap makes an optional, not ${withArticle(kindOf(value))}`, node);
}
