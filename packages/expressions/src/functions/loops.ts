import { Optional } from '@marcbachmann/cel-js';
import type { ASTNode } from '../ast.ts';
import { Failure } from '../errors.ts';
import { isMapping, keyOf, keysOf, valueAt } from '../evaluate/maps.ts';
import { spendError } from '../evaluate/meter.ts';
import { lifted } from '../evaluate/operators.ts';
import { isMadeByCel, kindOf, lift, mark, newMap } from '../evaluate/values.ts';
import { withArticle } from '../types/type.ts';
import { sorted } from './lists.ts';

/** The variables and expressions of a macro, in one evaluation. */
export interface Loop {
  /** Sets the variables. */
  set(first: unknown, second?: unknown): void;
  /** Evaluates an expression that sees them. */
  body(at: number): unknown;
  receiver: ASTNode;
  bodies: readonly ASTNode[];
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
export function quantify(loop: Loop, on: unknown, kind: 'all' | 'exists'): boolean {
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

export function one(loop: Loop, on: unknown): boolean {
  let found = 0;
  for (const [first, second] of entriesOf(on, loop.receiver)) {
    loop.set(first, second);
    if (holds(loop, 0)) found++;
  }
  return found === 1;
}

export function oneElement(loop: Loop, on: unknown): boolean {
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

export function transformList(loop: Loop, on: unknown): unknown[] {
  return mark(Array.from(chosen(loop, on), ({ made }) => made));
}

export function transformMap(loop: Loop, on: unknown): unknown {
  return mapOf(Array.from(chosen(loop, on), ({ key, made }) => [key, made] as const));
}

export function transformEntries(loop: Loop, on: unknown): unknown {
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

export function sortBy(loop: Loop, on: unknown): unknown[] {
  if (!Array.isArray(on)) throw new Failure('expression-type', `sortBy takes a list, not ${withArticle(kindOf(on))}`, loop.receiver);
  return sorted(mark([...lifted(on)]), (element) => {
    loop.set(element);
    return loop.body(0);
  });
}

export function mapOptional(loop: Loop, on: unknown, wrap: (value: unknown, node: ASTNode) => Optional): Optional {
  if (!(on instanceof Optional))
    throw new Failure('expression-type', `optMap takes an optional, not ${withArticle(kindOf(on))}`, loop.receiver);
  if (!on.hasValue()) return on;
  loop.set(on.value());
  return wrap(loop.body(0), loop.bodies[0] as ASTNode);
}

export function flat(value: unknown, node: ASTNode): Optional {
  if (value instanceof Optional) return value;
  throw new Failure('expression-type', `optFlatMap makes an optional, not ${withArticle(kindOf(value))}`, node);
}
