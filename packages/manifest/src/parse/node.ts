import type { Json, JsonObject } from '@summit/maestro-sdk';
import type { CST } from 'yaml';

/** A value of a document, with the offsets it was read from. Keys are unique strings; aliases share their anchor's node. */
export type Node = MapNode | SeqNode | ScalarNode;

interface Placed {
  /** Offset of the first character. */
  start: number;
  /** Offset behind the last character. */
  end: number;
}

export type ScalarValue = null | boolean | number | string;
export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal' | 'folded';

export interface ScalarNode extends Placed {
  kind: 'scalar';
  value: ScalarValue;
  style: ScalarStyle;
  /** Nothing was written, as in `with:`; the value is null. */
  empty?: true;
  /** What stood here could not be read, which has been told: nothing else is wrong with it. */
  unreadable?: true;
  /** The token it was read from. */
  token?: CST.FlowScalar | CST.BlockScalar;
}

export interface SeqNode extends Placed {
  kind: 'seq';
  items: Node[];
}

export interface Entry {
  name: string;
  key: ScalarNode;
  value: Node;
}

export interface MapNode extends Placed {
  kind: 'map';
  /** By name, in the order of the text. A Map, because names are foreign: `constructor` is an ordinary one. */
  entries: Map<string, Entry>;
  flow: boolean;
}

export type Path = (string | number)[];

/** The value of a field, where `node` is a mapping that has it. */
export function child(node: Node | undefined, name: string): Node | undefined {
  return node?.kind === 'map' ? node.entries.get(name)?.value : undefined;
}

/** The field with its key, where `node` is a mapping that has it. */
export function entry(node: Node | undefined, name: string): Entry | undefined {
  return node?.kind === 'map' ? node.entries.get(name) : undefined;
}

/** A string scalar. */
export type StringNode = ScalarNode & { value: string };

export function isString(node: Node | undefined): node is StringNode {
  return node?.kind === 'scalar' && typeof node.value === 'string';
}

/** The node at a JSON path below `node`. */
export function nodeAt(node: Node, path: Path): Node | undefined {
  let current: Node | undefined = node;
  for (const step of path) {
    if (typeof step === 'string') current = child(current, step);
    else current = current?.kind === 'seq' ? current.items[step] : undefined;
  }
  return current;
}

/** The offsets of the key of the value at a JSON path; of the value itself where it is a list item or the root. */
export function keySpanAt(node: Node, path: Path): { start: number; end: number } | undefined {
  const last = path.at(-1);
  if (typeof last !== 'string') return nodeAt(node, path);
  return entry(nodeAt(node, path.slice(0, -1)), last)?.key;
}

/** The plain JSON value of a node. Names like `__proto__` become own properties. */
export function toJson(node: Node): Json {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'seq':
      return node.items.map(toJson);
    case 'map': {
      const object: JsonObject = {};
      for (const { name, value } of node.entries.values()) setOwn(object, name, toJson(value));
      return object;
    }
  }
}

/** Sets an own property, also where the name means something to JavaScript. */
export function setOwn<T>(object: { [key: string]: T }, name: string, value: T): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

/** A node for a value that was not read from a file; all offsets are 0. `undefined` where it is not JSON, or deeper than `depth`. */
export function fromJson(value: unknown, depth = 64): Node | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) {
    return { kind: 'scalar', value, style: 'plain', start: 0, end: 0 };
  }
  if (typeof value !== 'object' || depth === 0) return undefined;
  if (Array.isArray(value)) {
    const items: Node[] = [];
    for (const item of value) {
      const node = fromJson(item, depth - 1);
      if (!node) return undefined;
      items.push(node);
    }
    return { kind: 'seq', items, start: 0, end: 0 };
  }
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) return undefined;
  const entries = new Map<string, Entry>();
  for (const [name, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const node = fromJson(item, depth - 1);
    if (!node) return undefined;
    entries.set(name, { name, key: { kind: 'scalar', value: name, style: 'plain', start: 0, end: 0 }, value: node });
  }
  return { kind: 'map', entries, flow: false, start: 0, end: 0 };
}
