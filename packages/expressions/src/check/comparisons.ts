import type { ASTNode, NodeOf } from '../ast.ts';
import { nearest } from '../text/near.ts';
import { choices, quoted } from '../text/words.ts';
import { comparable } from '../types/operators.ts';
import { alternatives, BOOL, describeType, type ExprType, isJsonNumber, joinAll } from '../types/type.ts';
import { doubt } from './doubts.ts';
import { type Locals, suggesting, textOf, type Walk } from './walk.ts';

/** `==` and `!=` */
export function equalityType(walk: Walk, node: NodeOf<'==' | '!='>, locals: Locals | undefined): ExprType {
  const [left, right] = node.args;
  const a = walk.type(left, locals);
  const b = walk.type(right, locals);
  if (!comparable(a, b)) {
    const never = node.op === '==' ? 'never equal' : 'always different';
    const hint = comparisonHint(walk, node, a, b);
    walk.problem({
      code: 'expression-type',
      message: `${describeType(a)} and ${describeType(b)} are ${never}`,
      start: node.start,
      end: node.end,
      ...(hint === undefined ? {} : { hint }),
    });
  } else if (!impossible(walk, left, a, right)) impossible(walk, right, b, left);
  return BOOL;
}

function comparisonHint(walk: Walk, node: NodeOf<'==' | '!='>, a: ExprType, b: ExprType): string | undefined {
  const [left, right] = node.args;
  if (a.kind === 'string' && (isJsonNumber(b) || b.kind === 'bool')) return `\`${textOf(walk, left)} ${node.op} "${textOf(walk, right)}"\``;
  if (b.kind === 'string' && right.op === 'value' && (isJsonNumber(a) || a.kind === 'bool'))
    return `without quotes: \`${textOf(walk, left)} ${node.op} ${right.args}\``;
  if (a.kind === 'list' || b.kind === 'list') return 'to look for an element: `x in list`; for the number of elements: `size(list)`';
  return undefined;
}

/** Reports a literal that is none of the values that the other side can have. */
function impossible(walk: Walk, other: ASTNode, type: ExprType, literal: ASTNode): boolean {
  const values = valuesOf(type);
  if (literal.op !== 'value' || typeof literal.args !== 'string' || !values || values.includes(literal.args)) return false;
  if (other.op === 'value') return false;
  const suggestion = nearest(literal.args, values)[0];
  const quote = walk.source[literal.start];
  walk.problem({
    code: 'expression-type',
    message: `it is never ${quoted(literal.args)}`,
    start: literal.start,
    end: literal.end,
    ...suggesting(suggestion === undefined ? undefined : quoted(suggestion), `it is ${choices(values)}`),
    ...(suggestion === undefined || (quote !== '"' && quote !== "'") ? {} : { replacement: `${quote}${suggestion}${quote}` }),
  });
  return true;
}

/** The texts that a value can be, if it can be nothing but one of a few texts. */
function valuesOf(type: ExprType): string[] | undefined {
  if (type.kind !== 'string' || !type.values) return undefined;
  return type.values.filter((value) => typeof value === 'string');
}

/** `a in b` */
export function membershipType(walk: Walk, node: NodeOf<'in'>, locals: Locals | undefined): ExprType {
  const [left, right] = node.args;
  const value = walk.type(left, locals);
  const container = walk.type(right, locals);
  if (right.op === 'list') for (const element of right.args) impossible(walk, left, value, element);
  const containers = alternatives(container);
  const looked = containers.filter((container) => ['dyn', 'list', 'map', 'object'].includes(container.kind));
  const other = containers.find((each) => !looked.includes(each));
  if (other && looked.length > 0) doubt(walk, [{ node: right, type: container }], '`in` looks into a list or a map').partly(0, other);
  if (looked.some(({ kind }) => kind === 'dyn')) walk.unproven();
  if (containers.length > 0 && looked.length === 0) {
    walk.problem({
      code: 'expression-type',
      message: `\`in\` looks into a list or a map, not into ${describeType(container)}`,
      start: right.start,
      end: right.end,
      ...(container.kind === 'string' ? { hint: `\`${textOf(walk, right)}.contains(${textOf(walk, left)})\`` } : {}),
    });
  } else if (looked.length > 0 && !looked.some((container) => canHold(container, value))) {
    walk.problem({
      code: 'expression-type',
      message: `${describeType(value)} is never in ${describeType(joinAll(looked))}`,
      start: node.start,
      end: node.end,
    });
  }
  return BOOL;
}

function canHold(container: ExprType, value: ExprType): boolean {
  if (container.kind === 'list') return comparable(container.element, value);
  if (container.kind === 'map') return comparable(container.key, value);
  return container.kind === 'dyn' || alternatives(value).some(({ kind }) => kind === 'string' || kind === 'dyn');
}
