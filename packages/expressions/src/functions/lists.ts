import { type Environment, Optional } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { Failure } from '../errors.ts';
import { equal } from '../evaluate/equality.ts';
import { currentLimits, spend, spendText } from '../evaluate/meter.ts';
import { lifted } from '../evaluate/operators.ts';
import { kindOf, mark } from '../evaluate/values.ts';
import { withArticle } from '../types/type.ts';
import { compareBytes } from './standard.ts';

/** Only a type, so that `lists.range(n)` reads as CEL's extension has it. */
class ListsNamespace {}

/** CEL's lists extension; `sortBy` is a macro, see `macros/`. */
export function registerLists(env: Environment): void {
  const sync = { async: false };
  env.registerType('ListsNamespace', ListsNamespace);
  env.registerConstant('lists', 'ListsNamespace', new ListsNamespace());
  env.registerFunction('ListsNamespace.range(int): list<int>', (_: unknown, count: bigint) => range(count), sync);
  env.registerFunction('list<A>.slice(int, int): list<A>', slice, sync);
  env.registerFunction('list<A>.reverse(): list<A>', (list: unknown[]) => copied(list).reverse(), sync);
  env.registerFunction('list<A>.distinct(): list<A>', distinct, sync);
  env.registerFunction('list<A>.sort(): list<A>', (list: unknown[]) => sorted(copied(list), (element) => element), sync);
  env.registerFunction('list.flatten(): list', (list: unknown[]) => flatten(list, 1n), sync);
  env.registerFunction('list.flatten(int): list', flatten, sync);
  env.registerFunction('list<A>.first(): optional<A>', (list: unknown[]) => Optional.of(lifted(list)[0]), sync);
  env.registerFunction('list<A>.last(): optional<A>', (list: unknown[]) => Optional.of(lifted(list).at(-1)), sync);
}

/** A list of our own, to be changed. */
function copied(list: readonly unknown[]): unknown[] {
  spend(list.length);
  return mark([...lifted(list)]);
}

function range(count: bigint): bigint[] {
  const most = currentLimits().resultValues;
  if (count > BigInt(most)) throw new Failure('expression-limit', `lists.range(${count}) has more than ${most} elements`);
  spend(Number(count) + 1);
  return mark(Array.from({ length: Math.max(0, Number(count)) }, (_, i) => BigInt(i)));
}

function slice(list: readonly unknown[], start: bigint, end: bigint): unknown[] {
  if (start < 0n || end < start || end > BigInt(list.length))
    throw new Failure('expression-value', `slice: ${start} to ${end} is not within the list, which has ${list.length} elements`);
  spend(Number(end - start));
  return mark([...lifted(list)].slice(Number(start), Number(end)));
}

function flatten(list: readonly unknown[], depth: bigint): unknown[] {
  if (depth < 0n) throw new Failure('expression-value', `flatten: a depth of ${depth}; it takes none below 0`);
  const flat: unknown[] = [];
  const append = (from: readonly unknown[], left: bigint): void => {
    spend(1 + from.length);
    for (const element of lifted(from)) {
      if (Array.isArray(element) && left > 0n) append(element, left - 1n);
      else flat.push(element);
    }
  };
  append(list, depth);
  return mark(flat);
}

/** The first of each: what is equal, as `==` has it, is there once. */
function distinct(list: readonly unknown[]): unknown[] {
  const scalars = new Set<unknown>();
  const others: unknown[] = [];
  const kept = copied(list).filter((element) => {
    const key = scalarKey(element);
    if (key !== undefined) {
      if (scalars.has(key)) return false;
      scalars.add(key);
      return true;
    }
    spend(others.length);
    if (others.some((other) => equal(other, element))) return false;
    others.push(element);
    return true;
  });
  return mark(kept);
}

/** Something that is the same for equal scalars and only for them. */
function scalarKey(value: unknown): unknown {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || typeof value === 'bigint') return value;
  if (value instanceof UnsignedInt) return value.value;
  return typeof value === 'number' && !Number.isNaN(value) ? (Number.isInteger(value) ? BigInt(value) : value) : undefined;
}

/** Sorts a list in place by the key of each element; keys have to be of one kind that has an order. */
export function sorted(list: unknown[], keyOf: (element: unknown) => unknown): unknown[] {
  const keyed = list.map((element) => ({ element, key: keyOf(element) }));
  spend(list.length * (1 + Math.ceil(Math.log2(list.length + 1))));
  const [first] = keyed;
  const kind = first && order(first.key);
  const other = keyed.find(({ key }) => order(key) !== kind);
  if (other || (first && !kind)) {
    const found = other ? `${withArticle(kindOf(first?.key))} and ${withArticle(kindOf(other.key))}` : withArticle(kindOf(first?.key));
    throw new Failure('expression-type', `sort takes numbers, texts, bools, bytes or times, all of one kind, not ${found}`);
  }
  keyed.sort((a, b) => compare(a.key, b.key));
  for (let i = 0; i < list.length; i++) list[i] = keyed[i]?.element;
  return list;
}

function order(key: unknown): string | undefined {
  const kind = kindOf(key);
  if (kind === 'int' || kind === 'uint' || kind === 'double') return 'number';
  return ['string', 'bool', 'bytes', 'timestamp', 'duration'].includes(kind) ? kind : undefined;
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') {
    spendText(Math.min(a.length, b.length));
    return a < b ? -1 : Number(a > b);
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  const [x, y] = [orderedNumber(a), orderedNumber(b)];
  return x < y ? -1 : Number(x > y);
}

function orderedNumber(value: unknown): number | bigint {
  if (value instanceof UnsignedInt) return value.value;
  if (value instanceof Date) return value.getTime();
  if (value instanceof Duration) return value.seconds * 1_000_000_000n + BigInt(value.nanos);
  return typeof value === 'boolean' ? Number(value) : (value as number | bigint);
}
