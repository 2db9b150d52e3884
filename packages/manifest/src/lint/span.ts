import type { StringNode } from '../parse/node.ts';
import { sourceOffsets } from '../parse/scalar-map.ts';
import type { Span } from './define.ts';

/** Where a part of a string stands in its file; `start` and `end` count in the decoded value. */
export function textSpan(node: StringNode, start: number, end: number): Span {
  const offset = sourceOffsets(node);
  const from = offset(start);
  return { start: from, end: Math.max(from, offset(end)) };
}
