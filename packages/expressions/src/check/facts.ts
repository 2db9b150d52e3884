import { type ASTNode, isAccess, literalKey, type NodeOf } from '../ast.ts';
import { type ExprType, isScalar } from '../types/type.ts';
import { hasField, hasValue, isNull, lacksValue, type Narrowing, notNull, ofKind, withoutKind } from './narrow.ts';
import { fieldOf, type Place, placeOf } from './places.ts';

/** Something that is known of a place where a condition holds. */
export interface Fact {
  place: Place;
  /** It is there. */
  present?: true;
  /** What is left of its type. */
  narrow?: Narrowing;
}

/** What is known where a condition is true. */
export function whenTrue(condition: ASTNode): Fact[] {
  switch (condition.op) {
    case '&&':
      return condition.args.flatMap(whenTrue);
    case '!_':
      return whenFalse(condition.args);
    case '==':
      return equalFacts(condition, true);
    case '!=':
      return equalFacts(condition, false);
    case 'in':
      return membershipFacts(condition);
    case 'call':
      return condition.args[0] === 'has' && condition.args[1][0] ? presentFacts(condition.args[1][0]) : [];
    case 'rcall':
      return condition.args[0] === 'hasValue' ? presentFacts(condition.args[1]) : [];
    default:
      return [];
  }
}

/** What is known where a condition is false. */
export function whenFalse(condition: ASTNode): Fact[] {
  switch (condition.op) {
    case '||':
      return condition.args.flatMap(whenFalse);
    case '!_':
      return whenTrue(condition.args);
    case '==':
      return equalFacts(condition, false);
    case '!=':
      return equalFacts(condition, true);
    default:
      return [];
  }
}

/** `has(a.b.c)` and `a.?b.?c.hasValue()`: all of it is there. */
function presentFacts(access: ASTNode): Fact[] {
  const facts: Fact[] = [];
  for (let node = access; isAccess(node); node = node.args[0]) {
    const place = placeOf(node);
    if (place) facts.push({ place, present: true });
    const key = literalKey(node)?.key;
    const container = placeOf(node.args[0]);
    if (container) facts.push({ place: container, narrow: key === undefined ? notNull : hasField(key) });
  }
  return facts;
}

/** `a == b` where it holds (`equal`) or not. */
function equalFacts(node: NodeOf<'==' | '!='>, equal: boolean): Fact[] {
  const [left, right] = node.args;
  return [...sideFacts(left, right, equal), ...sideFacts(right, left, equal)];
}

function sideFacts(side: ASTNode, other: ASTNode, equal: boolean): Fact[] {
  if (side.op === 'call' && side.args[0] === 'type' && other.op === 'id') {
    const place = side.args[1][0] && placeOf(side.args[1][0]);
    return place ? [{ place, narrow: equal ? ofKind(other.args) : withoutKind(other.args) }] : [];
  }
  const place = other.op === 'value' ? placeOf(side) : undefined;
  if (!place || other.op !== 'value') return [];
  const value: unknown = other.args;
  if (value === null) return [{ place, narrow: equal ? isNull : notNull }];
  if (typeof value !== 'string' && typeof value !== 'boolean') return equal ? [{ place, narrow: notNull }] : [];
  const facts: Fact[] = [{ place, narrow: equal ? hasValue([value]) : lacksValue(value) }];
  const key = literalKey(side)?.key;
  if (key === undefined || (side.op !== '.' && side.op !== '[]')) return facts;
  const container = placeOf(side.args[0]);
  if (!container) return facts;
  facts.push({ place: container, narrow: (type) => keepMembers(type, key, value, equal) });
  // What a task that ended well returned is there.
  if (equal && key === 'status' && value === 'succeeded' && isTask(container))
    facts.push({ place: fieldOf(container, 'output'), present: true });
  return facts;
}

function isTask({ path }: Place): boolean {
  return path?.root === 'tasks' && path.steps.length === 1;
}

/** Of a union of objects, told apart by a field, those whose field can have (or not have) a value. */
function keepMembers(type: ExprType, key: string, value: string | boolean, equal: boolean): ExprType {
  if (type.kind !== 'union') return type;
  const members = type.members.filter((member) => {
    if (member.kind !== 'object') return member.kind !== 'null';
    const field = member.fields.get(key);
    if (!field) return !equal || member.rest !== undefined;
    if (!isScalar(field.type)) return true;
    const { values } = field.type;
    return equal
      ? field.type.kind === (typeof value === 'string' ? 'string' : 'bool') && (!values || values.includes(value))
      : !(field.required && values?.length === 1 && values[0] === value);
  });
  return members.length === 1 && members[0] ? members[0] : { kind: 'union', members };
}

/** `a in ["x", "y"]` and `"x" in a` */
function membershipFacts(node: NodeOf<'in'>): Fact[] {
  const [left, right] = node.args;
  if (left.op === 'value' && typeof left.args === 'string') {
    const container = placeOf(right);
    return container
      ? [
          { place: fieldOf(container, left.args), present: true },
          { place: container, narrow: hasField(left.args, true) },
        ]
      : [];
  }
  const place = placeOf(left);
  if (!place || right.op !== 'list') return [];
  const values = right.args.map((element) => (element.op === 'value' ? (element.args as unknown) : undefined));
  return values.every((value) => typeof value === 'string') ? [{ place, narrow: hasValue(values) }] : [];
}

/** The ids of tasks whose output is there where a condition holds. */
export function tasksProven(facts: readonly Fact[]): string[] {
  const ids = facts.flatMap(({ place: { path }, present }) =>
    present && path?.root === 'tasks' && path.steps[1] === 'output' && path.steps[0] !== undefined ? [path.steps[0]] : [],
  );
  return [...new Set(ids)];
}
