import type { ASTNode, NodeOf } from '../ast.ts';
import { alternatives, BOOL, DYN, describeType, type ExprType, FAULT, INT, isJsonNumber, join, joinAll, STRING } from '../types/type.ts';
import { doubt } from './doubts.ts';
import { whenTrue } from './facts.ts';
import { requireBool } from './operations.ts';
import { assuming, type Locals, textOf, type Walk } from './walk.ts';

/** Macros with two variables: what they make of the key (or index), the value, and the last expression. */
const PAIRS: ReadonlySet<string> = new Set([
  'all',
  'exists',
  'existsOne',
  'exists_one',
  'transformList',
  'transformMap',
  'transformMapEntry',
]);

/** The type of a comprehension with two variables, `undefined` when it is none. */
export function pairType(walk: Walk, node: NodeOf<'rcall'>, locals: Locals | undefined): ExprType | undefined {
  const [name, receiver, [first, second, ...body]] = node.args;
  const arity = name.startsWith('transform') && body.length === 2 ? 2 : 1;
  if (!PAIRS.has(name) || first?.op !== 'id' || second?.op !== 'id' || body.length !== arity) return undefined;
  const { key, value, list } = pairOf(walk, receiver, walk.type(receiver, locals));
  const inner: Locals = { name: second.args, type: value, outer: { name: first.args, type: key, outer: locals } };
  const isTest = !name.startsWith('transform');
  const condition = isTest || arity === 2 ? body[0] : undefined;
  if (condition) requireBool(walk, condition, inner, `the condition of \`${name}\``);
  if (isTest) return BOOL;
  const last = body.at(-1) as ASTNode;
  const made = walk.type(last, assuming(inner, condition ? whenTrue(condition) : []));
  if (name === 'transformList') return { kind: 'list', element: made };
  if (name === 'transformMap') return { kind: 'map', key: list ? INT : key, value: made };
  return entryType(walk, last, made);
}

/** What there is to go over: indices and elements, or keys and values. */
function pairOf(walk: Walk, node: ASTNode, container: ExprType): { key: ExprType; value: ExprType; list: boolean } {
  const members = alternatives(container);
  const pairs: { key: ExprType; value: ExprType }[] = [];
  for (const member of members) {
    if (member.kind === 'dyn') pairs.push({ key: DYN, value: DYN });
    else if (member.kind === 'list') pairs.push({ key: INT, value: member.element });
    else if (member.kind === 'map') pairs.push({ key: member.key, value: member.value });
    else if (member.kind === 'object') {
      const fields = [...member.fields.values()].map(({ type }) => type);
      pairs.push({ key: STRING, value: joinAll(member.rest ? [...fields, member.rest] : fields) });
    }
  }
  if (members.some(({ kind }) => kind === 'dyn')) walk.unproven();
  const other = members.find(({ kind }) => !['dyn', 'list', 'map', 'object'].includes(kind));
  if (other && pairs.length > 0) doubt(walk, [{ node, type: container }], 'only a list or a map has elements').partly(0, other);
  if (pairs.length === 0 && members.length > 0) {
    walk.problem({
      code: 'expression-type',
      message: `\`${textOf(walk, node)}\` is ${describeType(container)}; only a list or a map has elements`,
      start: node.start,
      end: node.end,
    });
    return { key: FAULT, value: FAULT, list: false };
  }
  return { key: joinAll(pairs.map(({ key }) => key)), value: joinAll(pairs.map(({ value }) => value)), list: container.kind === 'list' };
}

function entryType(walk: Walk, node: ASTNode, made: ExprType): ExprType {
  if (made.kind === 'map') return made;
  if (made.kind === 'object') return { kind: 'map', key: STRING, value: joinAll([...made.fields.values()].map(({ type }) => type)) };
  if (made.kind === 'dyn') {
    walk.unproven();
    return { kind: 'map', key: DYN, value: DYN };
  }
  const message = `\`transformMapEntry\` makes a map for each element, \`{key: value}\`, not ${describeType(made)}`;
  walk.problem({ code: 'expression-type', message, start: node.start, end: node.end });
  return FAULT;
}

/** `list.sortBy(x, key)`, `optional.optMap(x, value)`, `optional.optFlatMap(x, optional)`, `list.existsOne(x, condition)` */
export function singleType(walk: Walk, node: NodeOf<'rcall'>, locals: Locals | undefined): ExprType | undefined {
  const [name, receiver, [variable, body]] = node.args;
  if (node.args[2].length !== 2 || variable?.op !== 'id' || !body) return undefined;
  if (name !== 'sortBy' && name !== 'optMap' && name !== 'optFlatMap') return undefined;
  const on = walk.type(receiver, locals);
  const wanted = name === 'sortBy' ? 'list' : 'optional';
  if (on.kind === 'dyn') walk.unproven();
  else if (on.kind !== wanted) {
    const message = `\`${textOf(walk, receiver)}\` is ${describeType(on)}: \`${name}\` takes ${wanted === 'list' ? 'a list' : 'an optional'}`;
    walk.problem({ code: 'expression-type', message, start: receiver.start, end: receiver.end });
  }
  const element = on.kind === 'list' ? on.element : on.kind === 'optional' ? on.value : FAULT;
  const made = walk.type(body, { name: variable.args, type: element, outer: locals });
  if (name === 'sortBy') {
    requireOrder(walk, body, made, 'the key of `sortBy`');
    return on.kind === 'list' ? on : { kind: 'list', element: FAULT };
  }
  if (name === 'optMap') return { kind: 'optional', value: made };
  if (made.kind === 'optional') return made;
  if (made.kind === 'dyn') walk.unproven();
  else
    walk.problem({
      code: 'expression-type',
      message: `\`optFlatMap\` makes an optional, not ${describeType(made)}`,
      start: body.start,
      end: body.end,
      hint: '`optMap` takes a value',
    });
  return { kind: 'optional', value: DYN };
}

const ORDERED: ReadonlySet<string> = new Set(['string', 'bool', 'bytes', 'timestamp', 'duration']);

/** Reports what cannot be sorted. */
function requireOrder(walk: Walk, node: ASTNode, type: ExprType, what: string): void {
  const kinds = new Set(alternatives(type).map((member) => (isNumber(member) ? 'number' : member.kind)));
  if (kinds.has('dyn')) walk.unproven();
  kinds.delete('dyn');
  if (kinds.size === 0 || (kinds.size === 1 && [...kinds].every((kind) => kind === 'number' || ORDERED.has(kind)))) return;
  const message = `${what} is numbers, texts, bools, bytes or times, all of one kind, not ${describeType(type)}`;
  walk.problem({ code: 'expression-type', message, start: node.start, end: node.end });
}

function isNumber(type: ExprType): boolean {
  return isJsonNumber(type) || type.kind === 'uint';
}

/** The type of a call, where the functions' signatures say less than is known. */
export function callResult(walk: Walk, node: NodeOf<'rcall'>, on: ExprType, types: readonly ExprType[], declared: ExprType): ExprType {
  const [name, receiver, args] = node.args;
  if (on.kind === 'namespace' && on.name === 'MathNamespace' && (name === 'greatest' || name === 'least'))
    return extremeType(walk, args, types, name);
  if (on.kind !== 'list') return declared;
  if (name === 'sort') requireOrder(walk, receiver, on.element, 'what `sort` orders');
  if (name === 'flatten') {
    const [depth] = args;
    if (args.length === 0) return { kind: 'list', element: flattened(on.element, 1) };
    if (depth?.op === 'value' && typeof depth.args === 'bigint')
      return { kind: 'list', element: flattened(on.element, Number(depth.args)) };
  }
  return declared;
}

function flattened(element: ExprType, depth: number): ExprType {
  if (depth < 1) return element;
  return joinAll(
    alternatives(element).map((member) => (member.kind === 'list' ? flattened(member.element, Math.min(depth - 1, 8)) : member)),
  );
}

/** `math.greatest` and `math.least`: of numbers, or of one list of them. */
function extremeType(walk: Walk, args: readonly ASTNode[], types: readonly ExprType[], name: string): ExprType {
  let result: ExprType | undefined;
  for (const [i, given] of types.entries()) {
    const type = types.length === 1 && given.kind === 'list' ? given.element : given;
    for (const member of alternatives(type)) {
      if (member.kind === 'dyn') walk.unproven();
      else if (!isNumber(member)) {
        const at = args[i] as ASTNode;
        const message = `\`math.${name}\` takes numbers, or one list of them, not ${describeType(given)}`;
        walk.problem({ code: 'expression-type', message, start: at.start, end: at.end });
        return FAULT;
      }
      const plain: ExprType = isNumber(member) ? ({ kind: member.kind } as ExprType) : member;
      result = result ? join(result, plain) : plain;
    }
  }
  return result ?? DYN;
}
