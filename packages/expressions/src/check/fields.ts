import { type AccessNode, isAccess, isOptional, literalKey } from '../ast.ts';
import { nearest } from '../text/near.ts';
import { choices, quoted } from '../text/words.ts';
import { comparable } from '../types/operators.ts';
import { alternatives, DYN, describeType, type ExprType, FAULT, joinAll, NEVER, type ObjectType, STRING } from '../types/type.ts';
import { absent, guardOf } from './doubts.ts';
import { isPresent } from './guards.ts';
import { keyRange, renamed } from './keys.ts';
import { scopeAccessType } from './reads.ts';
import { type Locals, suggesting, textOf, type Walk } from './walk.ts';

/** The type of `a.b`, `a[b]`, `a.?b` or `a[?b]`. `asked`: within `has`. */
export function accessType(walk: Walk, node: AccessNode, locals: Locals | undefined, asked = false): ExprType {
  const [left] = node.args;
  const optional = isOptional(node) || (isAccess(left) && isOptional(left));
  const type = scopeAccessType(walk, node, locals, asked) ?? memberType(walk, node, locals, asked);
  return optional && type.kind !== 'optional' && type !== FAULT ? { kind: 'optional', value: type } : type;
}

function memberType(walk: Walk, node: AccessNode, locals: Locals | undefined, asked: boolean): ExprType {
  const [left] = node.args;
  const container = walk.type(left, locals, asked);
  const key = literalKey(node);
  const index = node.op === '[]' || node.op === '[?]' ? walk.type(node.args[1], locals) : undefined;
  if (container.kind === 'optional') {
    const inner = readType(walk, node, container.value, key?.key, index, true);
    return inner.kind === 'optional' ? inner : { kind: 'optional', value: inner };
  }
  return readType(walk, node, container, key?.key, index, asked || isOptional(node) || isPresent(node, locals));
}

/** What a container holds at a key; a union is read where one of its members can be. `guarded`: it need not be there. */
function readType(
  walk: Walk,
  node: AccessNode,
  container: ExprType,
  key: string | undefined,
  index: ExprType | undefined,
  guarded: boolean,
): ExprType {
  const members = alternatives(container);
  if (container === FAULT) return FAULT;
  if (members.length === 0) return NEVER;
  const found = members.map((member) => readMember(member, key, index)).filter((type) => type !== undefined);
  if (members.some(({ kind }) => kind === 'dyn') || (index && isMixed(index))) walk.unproven();
  if (found.length > 0) {
    requireGuard(walk, node, container, key, index, guarded);
    return joinAll(found);
  }
  report(walk, node, members.find((member) => member.kind === 'object') ?? (members[0] as ExprType), key, index);
  return FAULT;
}

function readMember(container: ExprType, key: string | undefined, index: ExprType | undefined): ExprType | undefined {
  switch (container.kind) {
    case 'dyn':
      return DYN;
    case 'object':
      if (key !== undefined) return container.fields.get(key)?.type ?? container.rest;
      return index && canBe(index, ['string'])
        ? joinAll([...[...container.fields.values()].map(({ type }) => type), container.rest ?? NEVER])
        : undefined;
    case 'map':
      return comparable(container.key, index ?? STRING) ? container.value : undefined;
    case 'list':
      return index && key === undefined && canBe(index, ['int', 'uint']) ? container.element : undefined;
    default:
      return undefined;
  }
}

/** Reports what is read though it may not be there, or, even when that is `guarded`, of something that has no fields or elements. */
function requireGuard(
  walk: Walk,
  node: AccessNode,
  container: ExprType,
  key: string | undefined,
  index: ExprType | undefined,
  guarded: boolean,
): void {
  const [left] = node.args;
  const text = textOf(walk, left);
  const members = alternatives(container);
  const other = (guarded ? undefined : members.find(({ kind }) => kind === 'null')) ?? members.find((each) => hasNone(each, key, index));
  const { start, end } = keyRange(node);
  if (other) {
    const message = `\`${text}\` may be ${describeType(other)}: it has no ${key === undefined ? 'elements' : `field ${quoted(key)}`}`;
    walk.problem({ code: 'expression-type', message, start, end, hint: guardOf(text, container, other) });
    return;
  }
  if (guarded) return;
  if (key === undefined) {
    if (members.some((each) => readMember(each, key, index) === undefined)) walk.unproven();
    return;
  }
  if (members.some((each) => mayLack(each, key))) absent(walk, node);
}

/** Whether a field may be absent. Of something that holds anything at all, what an author reads is taken to be there. */
function mayLack(container: ExprType, key: string): boolean {
  if (container.kind === 'map') return container.value.kind !== 'dyn';
  if (container.kind !== 'object') return false;
  const field = container.fields.get(key);
  return field ? !field.required : container.rest?.kind !== 'dyn';
}

/** Whether reading from something is no question of what is there. */
function hasNone(member: ExprType, key: string | undefined, index: ExprType | undefined): boolean {
  if (member.kind === 'null' || member.kind === 'dyn' || member.kind === 'map' || member.kind === 'object') return false;
  return readMember(member, key, index) === undefined;
}

/** Whether an index can be things of which not all are one. */
function isMixed(index: ExprType): boolean {
  return index.kind === 'dyn' || index.kind === 'union';
}

function canBe(type: ExprType, kinds: readonly string[]): boolean {
  return alternatives(type).some((member) => member.kind === 'dyn' || kinds.includes(member.kind));
}

function report(walk: Walk, node: AccessNode, container: ExprType, key: string | undefined, index: ExprType | undefined): void {
  const text = textOf(walk, node.args[0]);
  if (container.kind === 'object' && key !== undefined) {
    unknownField(walk, node, container, key, text);
    return;
  }
  const { start, end } = keyRange(node);
  if (index && key === undefined) {
    const wanted = container.kind === 'list' ? 'an int' : 'a string';
    const message = isContainer(container)
      ? `an index of \`${text}\` is ${wanted}, not ${describeType(index)}`
      : `\`${text}\` is ${describeType(container)}: it has no elements`;
    const hint = index.kind === 'number' || index.kind === 'double' ? 'make it an int: `int(x)`' : undefined;
    walk.problem({ code: 'expression-type', message, start, end, ...(hint === undefined ? {} : { hint }) });
    return;
  }
  const name = key ?? '';
  const hint = otherwise(container, text, name);
  walk.problem({
    code: 'expression-type',
    message: `\`${text}\` is ${describeType(container)}: it has no field ${quoted(name)}`,
    start,
    end,
    ...(hint === undefined ? {} : { hint }),
  });
}

function isContainer(type: ExprType): boolean {
  return type.kind === 'list' || type.kind === 'map' || type.kind === 'object';
}

/** What was perhaps meant by a field of something that has none. */
function otherwise(container: ExprType, text: string, name: string): string | undefined {
  if (name === 'length' || name === 'size' || name === 'count') return `\`size(${text})\``;
  if (container.kind === 'list') return `take an element, \`${text}[0].${name}\`, or all of them, \`${text}.map(x, x.${name})\``;
  if (container.kind === 'optional') return `say what to take when it is absent: \`${text}.orValue(...)\``;
  if (container.kind === 'string') return 'if it holds JSON: `fromJson(...)`';
  return undefined;
}

function unknownField(walk: Walk, node: AccessNode, container: ObjectType, key: string, text: string): void {
  const suggestion = nearest(key, container.fields.keys())[0];
  walk.problem({
    code: 'unknown-reference',
    message: `\`${text}\` has no field ${quoted(key)}`,
    ...renamed(node, suggestion),
    ...suggesting(
      suggestion === undefined ? undefined : quoted(suggestion),
      container.fields.size === 0 ? 'it has no fields' : `it has ${choices([...container.fields.keys()], 'and')}`,
    ),
  });
}
