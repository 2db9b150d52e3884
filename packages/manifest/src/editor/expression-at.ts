import { type EmbeddedExpression, parseScalar } from '../expressions/scalar.ts';
import type { Session } from '../lint/session.ts';
import type { Site } from '../lint/site.ts';
import type { Manifest } from '../model/manifest.ts';
import { sourceOffsets } from '../parse/scalar-map.ts';

/** The expression at an offset of a file. */
export interface ExpressionSpot {
  site: Site;
  expression: EmbeddedExpression;
  /** The offset in the source of the expression. */
  at: number;
  /** Where a part of the source stands in the file. */
  span(start: number, end: number): { start: number; end: number };
}

/** The string with `${` at an offset, with the offset in the decoded string. */
export function siteAt(session: Session, manifest: Manifest, offset: number): { site: Site; decoded: number } | undefined {
  const site = session.sites(manifest).find(({ node }) => node.start <= offset && offset <= node.end);
  return site && { site, decoded: decodedOffset(site, offset) };
}

export function expressionAt(session: Session, manifest: Manifest, offset: number): ExpressionSpot | undefined {
  const found = siteAt(session, manifest, offset);
  if (!found) return undefined;
  const { site, decoded } = found;
  const parsed = parseScalar(site.node.value);
  if ('error' in parsed) return undefined;
  const expression = parsed.expressions.find(({ start, end }) => start <= decoded && decoded <= end);
  if (!expression) return undefined;
  const offsets = sourceOffsets(site.node);
  return {
    site,
    expression,
    at: decoded - expression.start,
    span: (start, end) => ({ start: offsets(expression.start + start), end: offsets(expression.start + end) }),
  };
}

/** The last offset of the decoded string that stands at or before an offset of the file. */
function decodedOffset({ node }: Site, offset: number): number {
  const offsets = sourceOffsets(node);
  let low = 0;
  let high = node.value.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (offsets(middle) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
