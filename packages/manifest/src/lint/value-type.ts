import { DYN, type ExprType, joinAll, STRING, valueType } from '@summit/maestro-expressions';
import type { Node, StringNode } from '../parse/node.ts';
import type { Analysis } from './analysis.ts';

/** The type of a value of a document; `analysisOf` knows the strings with `${` in it. */
export function nodeType(node: Node, analysisOf: (node: StringNode) => Analysis | undefined): ExprType {
  if (node.kind === 'seq') return { kind: 'list', element: joinAll(node.items.map((item) => nodeType(item, analysisOf))) };
  if (node.kind === 'map') {
    const fields = [...node.entries.values()].map(
      ({ name, value }) => [name, { type: nodeType(value, analysisOf), required: true }] as const,
    );
    return { kind: 'object', fields: new Map(fields) };
  }
  if (typeof node.value !== 'string' || !node.value.includes('${')) return valueType(node.value);
  const value = analysisOf(node as StringNode)?.value ?? { kind: 'unknown' };
  switch (value.kind) {
    case 'literal':
      return valueType(value.text);
    case 'expression':
      return value.type;
    case 'unknown':
      return DYN;
    default:
      return STRING;
  }
}
