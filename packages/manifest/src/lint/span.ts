import type { StringNode } from '../parse/node.ts';
import { sourceOffsets } from '../parse/scalar-map.ts';

/** A piece of a file, by offsets. */
export interface Span {
  start: number;
  end: number;
}

/** Where a part of a string stands in its file; `start` and `end` count in the decoded value. */
export function textSpan(node: StringNode, start: number, end: number): Span {
  const offset = sourceOffsets(node);
  const from = offset(start);
  return { start: from, end: Math.max(from, offset(end)) };
}
