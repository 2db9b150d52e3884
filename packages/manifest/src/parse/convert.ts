import { cut, quoted } from '@summit/maestro-expressions/text';
import { type Alias, isAlias, isMap, isScalar, isSeq, type ParsedNode, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { limits } from './limits.ts';
import type { Entry, MapNode, Node, ScalarNode, ScalarStyle, SeqNode } from './node.ts';
import type { SyntaxProblem } from './problem.ts';
import type { YamlDocument } from './yaml.ts';

const styles: { [type in Scalar.Type]: ScalarStyle } = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
};

/** Values whose text was masked before parsing, by offset; see `parseFile`. */
export type Masked = ReadonlyMap<number, string>;

/**
 * Turns a composed document into nodes that hold JSON only: aliases resolved to the node of their anchor, every key once,
 * numbers that JSON can say. What YAML allows beyond that is a problem.
 */
export function convert(document: YamlDocument, masked: Masked): { root: Node; problems: SyntaxProblem[]; hiding: boolean } {
  const conversion = new Conversion(masked);
  const root = conversion.node(document.contents);
  return { root, problems: conversion.problems, hiding: conversion.hiding };
}

class Conversion {
  readonly problems: SyntaxProblem[] = [];
  /** There is a manifest in the text that could not be read. */
  hiding = false;
  readonly #masked: Masked;
  /** `undefined` while the anchored value is still being read. */
  readonly #anchors = new Map<string, Node | undefined>();
  /** How many values a node stands for once aliases are written out. */
  readonly #sizes = new Map<Node, number>();
  /** How many levels of collections a node has. */
  readonly #heights = new Map<Node, number>();
  #expanded = 0;
  #depth = 0;
  #bomb = false;

  constructor(masked: Masked) {
    this.#masked = masked;
  }

  node(source: ParsedNode | null): Node {
    if (source === null) return empty(0);
    if (isAlias(source)) return this.#alias(source as Alias.Parsed);
    const anchor = 'anchor' in source ? source.anchor : undefined;
    if (anchor) this.#anchors.set(anchor, undefined);
    const before = this.#expanded;
    this.#expanded++;
    this.#depth++;
    const node = this.#value(source);
    this.#depth--;
    if (anchor) {
      this.#anchors.set(anchor, node);
      this.#sizes.set(node, this.#expanded - before);
    }
    return node;
  }

  #value(source: ParsedNode): Node {
    if (isMap(source)) return this.#map(source as YAMLMap.Parsed);
    if (isSeq(source)) return this.#seq(source as YAMLSeq.Parsed);
    if (isScalar(source)) return this.#scalar(source as Scalar.Parsed);
    return empty(0);
  }

  #map(source: YAMLMap.Parsed): MapNode {
    const entries = new Map<string, Entry>();
    for (const pair of source.items) {
      const key = isScalar(pair.key) ? this.#scalar(pair.key as Scalar.Parsed) : empty(pair.key.range[0]);
      const name = String(key.value ?? '');
      const value = pair.value === null ? empty(key.end) : this.node(pair.value);
      const earlier = entries.has(name);
      if (earlier && name === 'apiVersion' && this.#depth === 1) {
        this.#secondManifest(key);
        break;
      }
      if (earlier) this.#report(key, `duplicate key ${quoted(name)}`, 'each key may stand once in a mapping; remove one of them');
      else if (name === '__proto__') this.#report(key, 'key "__proto__" is not allowed', 'choose another name');
      else if (name === '<<' && key.style === 'plain') {
        this.#report(key, 'merge keys (<<) are not supported', 'YAML 1.2 has no merge keys: write the fields out');
      } else entries.set(name, { name, key, value });
    }
    const [start, end] = source.range;
    return { kind: 'map', entries, flow: source.flow === true, start, end };
  }

  /** What follows is another manifest, not the same fields once more. */
  #secondManifest(key: ScalarNode): void {
    this.hiding = true;
    const { start, end } = key;
    const hint = 'put a line with --- before it';
    this.problems.push({ start, end, message: 'a second manifest begins here', hint, fix: { start, end: start, newText: '---\n' } });
  }

  #seq(source: YAMLSeq.Parsed): SeqNode {
    const [start, end] = source.range;
    return { kind: 'seq', items: source.items.map((item) => this.node(item as ParsedNode)), start, end };
  }

  #scalar(source: Scalar.Parsed): ScalarNode {
    const [start, end] = source.range;
    const node: ScalarNode = { kind: 'scalar', value: null, style: styles[source.type ?? 'PLAIN'], start, end };
    if (source.srcToken) node.token = source.srcToken;
    if (start === end) node.empty = true;
    const unmasked = this.#masked.get(start);
    if (unmasked !== undefined) return { ...node, value: unmasked, end: start + unmasked.length };
    const value = source.value as unknown;
    if (typeof value === 'number') node.value = this.#number(node, value, source.source);
    else if (typeof value === 'string') node.value = this.#text(node, value);
    else if (typeof value === 'boolean') node.value = value;
    return node;
  }

  #text(node: ScalarNode, value: string): string {
    // Only an escape can make one: the file itself has been looked through.
    if (node.style !== 'double' || value.isWellFormed()) return value;
    this.#report(
      node,
      'an escape here is half of a surrogate pair, which is no character',
      'write both halves, \\ud83d\\ude00, or \\U0001f600',
    );
    return value.toWellFormed();
  }

  #number(node: ScalarNode, value: number, text: string): number {
    if (!Number.isFinite(value)) {
      this.#report(node, `${cut(text, 60)} is not a number that JSON can hold`, 'quote it if it is text');
      node.unreadable = true;
      return 0;
    }
    if (/^(?:[-+]?\d+|0o[0-7]+|0x[0-9a-fA-F]+)$/.test(text) && !Number.isSafeInteger(value)) {
      this.#report(node, `the integer ${cut(text, 60)} is too large to be exact`, `quote it: "${cut(text, 60)}"`, `"${text}"`);
    }
    return value;
  }

  #alias(source: Alias.Parsed): Node {
    const [start, end] = source.range;
    const place = { start, end };
    const name = source.source;
    const shown = cut(name, 80);
    if (!this.#anchors.has(name)) {
      const hint = `write &${shown} before the value it stands for, or quote a string that starts with *`;
      this.#report(place, `alias *${shown} has no anchor before it`, hint);
      return unreadable(start, end);
    }
    const target = this.#anchors.get(name);
    if (!target) {
      this.#report(place, `alias *${shown} stands for a value that contains it`, 'a manifest is a tree: write the value out');
      return unreadable(start, end);
    }
    this.#expanded += this.#sizes.get(target) ?? 1;
    if (this.#depth + this.#height(target) > limits.depth) {
      this.#report(place, `alias *${shown} nests values more than ${limits.depth} levels deep`, 'give the value a flatter shape');
      return unreadable(start, end);
    }
    if (this.#expanded <= limits.expandedValues) return target;
    if (!this.#bomb) {
      this.#bomb = true;
      this.#report(
        place,
        `aliases expand to more than ${limits.expandedValues} values`,
        'write smaller values out instead of repeating large ones',
      );
    }
    return unreadable(start, end);
  }

  #height(node: Node): number {
    if (node.kind === 'scalar') return 0;
    let height = this.#heights.get(node);
    if (height === undefined) {
      const children = node.kind === 'seq' ? node.items : [...node.entries.values()].map((entry) => entry.value);
      height = 1 + children.reduce((most, child) => Math.max(most, this.#height(child)), 0);
      this.#heights.set(node, height);
    }
    return height;
  }

  #report(place: { start: number; end: number }, message: string, hint: string, newText?: string): void {
    const problem: SyntaxProblem = { start: place.start, end: place.end, message, hint };
    if (newText !== undefined) problem.fix = { start: place.start, end: place.end, newText };
    this.problems.push(problem);
  }
}

function empty(at: number): ScalarNode {
  return { kind: 'scalar', value: null, style: 'plain', empty: true, start: at, end: at };
}

function unreadable(start: number, end: number): ScalarNode {
  return { kind: 'scalar', value: null, style: 'plain', unreadable: true, start, end };
}
