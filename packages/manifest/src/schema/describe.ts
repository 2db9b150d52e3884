import { cut, visible } from '@summit/maestro-expressions/text';
import { type Node, toJson } from '../parse/node.ts';

/** JSON Schema's types as messages call them. */
const titles: { [type: string]: string } = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  object: 'a mapping',
  array: 'a list',
  null: 'null',
};

/** `a string`, `an integer or a list`. */
export function typeTitle(types: readonly string[]): string {
  const all = [...new Set(types)].map((type) => titles[type] ?? type);
  const last = all.pop() ?? 'nothing';
  return all.length === 0 ? last : `${all.join(', ')} or ${last}`;
}

/** A value as it was found: `"three"`, `5`, `a list of 2`, `nothing`. */
export function found(node: Node): string {
  if (node.kind === 'scalar') {
    if (node.value === null) return node.empty ? 'nothing' : 'null';
    // As it was written: 1.0 is the number 1, but nobody finds a 1 in the file.
    if (typeof node.value === 'number' && node.token && 'source' in node.token) return cut(node.token.source, 60);
    return visible(cut(JSON.stringify(node.value), 60));
  }
  if (node.kind === 'seq') return node.items.length === 0 ? 'an empty list' : `a list of ${node.items.length}`;
  const names = [...node.entries.keys()];
  if (names.length === 0) return 'an empty mapping';
  return visible(cut(`a mapping with ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`, 60));
}

/** The JSON Schema type of a value; a number without fraction is an integer. */
export function typeOf(node: Node): string {
  if (node.kind === 'seq') return 'array';
  if (node.kind === 'map') return 'object';
  if (node.value === null) return 'null';
  if (typeof node.value === 'number') return Number.isInteger(node.value) ? 'integer' : 'number';
  return typeof node.value;
}

/** A value of a schema as messages show it. */
export function shown(value: unknown): string {
  return visible(cut(JSON.stringify(value) ?? String(value), 60));
}

/** Structural equality of a node and a value of a schema. */
export function equals(node: Node, value: unknown): boolean {
  if (node.kind === 'scalar') return node.value === value;
  return canonical(toJson(node)) === canonical(value);
}

/** JSON with sorted keys. */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const fields = Object.entries(value).filter((field) => field[1] !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join(',')}}`;
}
