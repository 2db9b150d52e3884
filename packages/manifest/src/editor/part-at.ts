import {
  type AccessNode,
  type ASTNode,
  children,
  DEFAULT_LIMITS,
  type ExprType,
  literalKey,
  parseExpression,
} from '@summit/maestro-expressions';
import { conditionSource } from '../lint/condition.ts';
import type { Session } from '../lint/session.ts';
import type { ExpressionSpot } from './expression-at.ts';

/** The part of an expression that the cursor is on. */
export interface ExpressionPart {
  /** As it is written. */
  source: string;
  start: number;
  end: number;
  type: ExprType | undefined;
  /** The names that lead to it, the root first (`tasks`, `fetch`, `output`), where it is an access by names alone. */
  names: string[] | undefined;
}

/** The smallest part of an expression at the cursor, with its type; of `a.b` with the cursor on `b` all of it. */
export function partAt(session: Session, { site, expression, at }: ExpressionSpot): ExpressionPart | undefined {
  const { source } = expression;
  const result = parseExpression(source, DEFAULT_LIMITS);
  if ('problem' in result) return undefined;
  const types = new Map<string, ExprType>();
  // As lint does: what a task is given is only looked at where its `when` holds.
  const given = site.task && site.place !== 'when' ? conditionSource(site.task) : undefined;
  session.checkerAt(site).check(source, { given, observe: (node, type) => types.set(`${node.start} ${node.end}`, type) });
  const node = smallest(result.parsed.ast, at);
  if (!node) return undefined;
  const { start, end } = node;
  return { source: source.slice(start, end), start, end, type: types.get(`${start} ${end}`), names: namesOf(node) };
}

function smallest(root: ASTNode, at: number): ASTNode | undefined {
  if (at < root.start || at > root.end) return undefined;
  let node = root;
  for (;;) {
    // Where two parts meet, the one that ends there: the cursor stands behind the word.
    const inner = children(node).find((child) => child.start <= at && at <= child.end);
    if (!inner) return node;
    node = inner;
  }
}

function namesOf(node: ASTNode): string[] | undefined {
  const names: string[] = [];
  let current = node;
  for (;;) {
    if (current.op === 'id') return [current.args, ...names];
    const key = literalKey(current);
    if (!key) return undefined;
    names.unshift(key.key);
    current = (current as AccessNode).args[0];
  }
}
