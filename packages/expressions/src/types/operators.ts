import { combinationsOf, type Doubt, tellPartly } from './doubt.ts';
import { alternatives, BOOL, DOUBLE, DYN, type ExprType, INT, isJsonNumber, isScalar, join, LIST, NUMBER, STRING } from './type.ts';

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '<' | '<=' | '>' | '>=';

/**
 * The type of `a operator b`, `undefined` when there is no such operation. A union works when one of its members does;
 * `doubt` is told when another does not.
 */
export function binaryType(operator: BinaryOperator, a: ExprType, b: ExprType, doubt: Doubt): ExprType | undefined {
  let result: ExprType | undefined;
  const tried = combinationsOf([a, b]).map((operands) => {
    const [left, right] = operands as [ExprType, ExprType];
    const type =
      operator === '<' || operator === '<=' || operator === '>' || operator === '>='
        ? ordered(left, right)
        : arithmetic(operator, left, right);
    if (type) result = result ? join(result, type) : type;
    return { operands, fits: type !== undefined };
  });
  if (result) {
    if (tried.some(({ fits }) => !fits)) tellPartly(tried, doubt);
    if (alternatives(a).some(isAny) || alternatives(b).some(isAny)) doubt.unknown();
  }
  // An empty union is the element of an empty list: nothing will ever be computed.
  return result ?? (alternatives(a).length === 0 || alternatives(b).length === 0 ? DYN : undefined);
}

function isAny({ kind }: ExprType): boolean {
  return kind === 'dyn';
}

function arithmetic(operator: '+' | '-' | '*' | '/' | '%', a: ExprType, b: ExprType): ExprType | undefined {
  if (a.kind === 'dyn') return b.kind === 'dyn' ? DYN : withAny(operator, b);
  if (b.kind === 'dyn') return withAny(operator, a);
  if (operator === '%') return a.kind === b.kind && (a.kind === 'int' || a.kind === 'uint') ? { kind: a.kind } : undefined;
  if (isJsonNumber(a) && isJsonNumber(b)) return numberType(a, b);
  if (a.kind === 'uint' && b.kind === 'uint') return { kind: 'uint' };
  if (operator === '*' || operator === '/') return undefined;
  if (a.kind === 'duration' && b.kind === 'duration') return { kind: 'duration' };
  if (a.kind === 'timestamp' && b.kind === 'duration') return { kind: 'timestamp' };
  if (operator === '-') return a.kind === 'timestamp' && b.kind === 'timestamp' ? { kind: 'duration' } : undefined;
  if (a.kind === 'duration' && b.kind === 'timestamp') return { kind: 'timestamp' };
  if (a.kind === 'list' && b.kind === 'list') return comparable(a.element, b.element) ? join(a, b) : undefined;
  return a.kind === b.kind && (a.kind === 'string' || a.kind === 'bytes') ? { kind: a.kind } : undefined;
}

function numberType(a: ExprType, b: ExprType): ExprType {
  if (a.kind === 'double' || b.kind === 'double') return DOUBLE;
  return a.kind === 'int' && b.kind === 'int' ? INT : NUMBER;
}

/** What an operation yields when only one side is known. */
function withAny(operator: '+' | '-' | '*' | '/' | '%', known: ExprType): ExprType | undefined {
  if (operator === '%') return known.kind === 'int' || known.kind === 'uint' ? { kind: known.kind } : undefined;
  if (known.kind === 'double') return DOUBLE;
  if (isJsonNumber(known)) return NUMBER;
  if (known.kind === 'uint') return { kind: 'uint' };
  if (operator === '*' || operator === '/') return undefined;
  if (known.kind === 'timestamp' || known.kind === 'duration') return DYN;
  if (operator === '-') return undefined;
  if (known.kind === 'string') return STRING;
  if (known.kind === 'bytes') return { kind: 'bytes' };
  return known.kind === 'list' ? LIST : undefined;
}

function ordered(a: ExprType, b: ExprType): ExprType | undefined {
  const known = a.kind === 'dyn' ? b : a;
  if (!isOrdered(known)) return undefined;
  if (a.kind === 'dyn' || b.kind === 'dyn' || a.kind === b.kind) return BOOL;
  return isNumeric(a) && isNumeric(b) ? BOOL : undefined;
}

function isOrdered(type: ExprType): boolean {
  return type.kind === 'dyn' || isNumeric(type) || ['string', 'bool', 'bytes', 'timestamp', 'duration'].includes(type.kind);
}

function isNumeric(type: ExprType): boolean {
  return isJsonNumber(type) || type.kind === 'uint';
}

/** Whether two values can ever be equal. Null may be compared with anything: that is how it is found. */
export function comparable(a: ExprType, b: ExprType, depth = 8): boolean {
  // A schema may refer to itself.
  if (a === b || depth === 0) return true;
  const lefts = alternatives(a);
  const rights = alternatives(b);
  return lefts.length === 0 || rights.length === 0 || lefts.some((left) => rights.some((right) => comparableKinds(left, right, depth)));
}

function comparableKinds(a: ExprType, b: ExprType, depth: number): boolean {
  if (a.kind === 'dyn' || b.kind === 'dyn' || a.kind === 'null' || b.kind === 'null') return true;
  if (isNumeric(a) && isNumeric(b)) return true;
  if (a.kind === 'list' && b.kind === 'list') return comparable(a.element, b.element, depth - 1);
  if (a.kind === 'optional' && b.kind === 'optional') return comparable(a.value, b.value, depth - 1);
  if (isMap(a) && isMap(b)) return true;
  return isScalar(a) && a.kind === b.kind;
}

function isMap(type: ExprType): boolean {
  return type.kind === 'map' || type.kind === 'object';
}

/** Whether a value can be a boolean; `doubt` is told when it can be something else. */
export function maybeBool(type: ExprType, doubt: Doubt): boolean {
  const members = alternatives(type);
  const can = members.length === 0 || members.some((member) => member.kind === 'bool' || member.kind === 'dyn');
  if (!can) return false;
  const other = members.find((member) => member.kind !== 'bool' && member.kind !== 'dyn');
  if (other) doubt.partly(0, other);
  if (members.some(isAny)) doubt.unknown();
  return true;
}
