import { Optional } from '@marcbachmann/cel-js';
import type { AccessNode } from '../ast.ts';
import { Failure } from '../errors.ts';
import { withArticle } from '../types/type.ts';
import { type CelMapping, isMapping, keyOf, keysOf, valueAt } from './maps.ts';
import { isMadeByCel, isPlainObject, kindOf } from './values.ts';

/** The value at a name or index, `undefined` when there is none. On an optional the result is optional. */
export function read(container: unknown, key: unknown, node: AccessNode): unknown {
  const value = readAsIs(container, key, node);
  // The one place where an integer of JSON becomes an int.
  return typeof value === 'number' && Number.isSafeInteger(value) && !isMadeByCel(container as object) ? BigInt(value) : value;
}

/** Like {@link read}, but what is missing is an error. */
export function readRequired(container: unknown, key: unknown, node: AccessNode): unknown {
  const value = readAsIs(container, key, node);
  if (typeof value === 'number') return Number.isSafeInteger(value) && !isMadeByCel(container as object) ? BigInt(value) : value;
  if (value === undefined) throw missing(container, key, node);
  return value;
}

/** Like {@link readRequired}, but a number from outside stays as it is: for those who know that it is. */
export function readRequiredAsIs(container: unknown, key: unknown, node: AccessNode): unknown {
  const value = readAsIs(container, key, node);
  if (value === undefined) throw missing(container, key, node);
  return value;
}

/** `a.?name` and `a[?index]` */
export function readOptional(container: unknown, key: unknown, node: AccessNode): unknown {
  const inner = container instanceof Optional ? (container.hasValue() ? container.value() : null) : container;
  if (inner === null) return Optional.none();
  const value = read(inner, key, node);
  return value instanceof Optional ? value : Optional.of(value);
}

function readAsIs(container: unknown, key: unknown, node: AccessNode): unknown {
  if (typeof container === 'object' && container !== null) {
    if (typeof key === 'string' && isPlainObject(container)) return Object.hasOwn(container, key) ? container[key] : undefined;
    if (Array.isArray(container)) return elementOf(container, key, node);
    if (isMapping(container)) {
      if (keyOf(key) !== undefined || typeof key === 'number') return valueAt(container, key);
      throw new Failure('expression-type', `a key of \`${pathOf(node)}\` is not ${withArticle(kindOf(key))}`, node);
    }
    if (container instanceof Optional) return readOptional(container, key, node);
  }
  throw new Failure('expression-type', `\`${pathOf(node)}\` is ${withArticle(kindOf(container))}: it has no ${keyText(key)}`, node);
}

function elementOf(list: readonly unknown[], key: unknown, node: AccessNode): unknown {
  const at = typeof key === 'string' ? undefined : keyOf(key);
  if (typeof at === 'bigint') return list[Number(at)];
  const found = typeof key === 'string' ? keyText(key) : withArticle(kindOf(key));
  throw new Failure('expression-type', `\`${pathOf(node)}\` is a list: its index is an int, not ${found}`, node);
}

function missing(container: unknown, key: unknown, node: AccessNode): Failure {
  const path = pathOf(node);
  if (Array.isArray(container)) {
    return new Failure('expression-value', `\`${path}\` has no element ${key}: it has ${container.length}, counted from 0`, node);
  }
  const names = keysOf(container as CelMapping)
    .slice(0, 8)
    .join(', ');
  return new Failure('expression-value', `\`${path}\` has no ${keyText(key)}; ${names === '' ? 'it is empty' : `it has ${names}`}`, node);
}

function keyText(key: unknown): string {
  return `field ${JSON.stringify(String(key))}`;
}

/** What is left of the access, as it was written. */
function pathOf(node: AccessNode): string {
  const left = node.args[0];
  const text = node.input.slice(left.start, left.end);
  return text.length > 60 ? `…${text.slice(-59)}` : text;
}
