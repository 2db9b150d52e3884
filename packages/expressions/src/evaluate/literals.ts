import { Optional } from '@marcbachmann/cel-js';
import type { ASTNode, NodeOf } from '../ast.ts';
import { Failure } from '../errors.ts';
import { withArticle } from '../types/type.ts';
import { type Evaluate, evaluated, isOptionalEntry, run } from './inside.ts';
import { keyOf } from './maps.ts';
import { kindOf, mark, newMap } from './values.ts';

/** `[a, ?b]` */
export function list(node: NodeOf<'list'>): Evaluate {
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

/** `{a: b, ?c: d}` */
export function map(node: NodeOf<'map'>): Evaluate {
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
