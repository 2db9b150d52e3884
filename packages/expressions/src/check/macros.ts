import type { ASTNode, NodeOf } from '../ast.ts';
import { alternatives, BOOL, DYN, describeType, type ExprType, FAULT, joinAll, STRING } from '../types/type.ts';
import { doubt } from './doubts.ts';
import { pairType, singleType } from './extensions.ts';
import { type Fact, whenTrue } from './facts.ts';
import { refine } from './narrow.ts';
import { joinBranches, requireBool } from './operations.ts';
import { assuming, type Locals, localType, textOf, type Walk } from './walk.ts';

/** The type of a method that is a macro, `undefined` when it is none. */
export function macroType(walk: Walk, node: NodeOf<'rcall'>, locals: Locals | undefined): ExprType | undefined {
  return (
    comprehensionType(walk, node, locals) ??
    pairType(walk, node, locals) ??
    singleType(walk, node, locals) ??
    bindType(walk, node, locals) ??
    fallbackType(walk, node, locals)
  );
}

/** `has(a.b)` */
export function presenceType(walk: Walk, access: ASTNode, locals: Locals | undefined): ExprType {
  if (access.op === '.') walk.type(access, locals, true);
  else {
    walk.type(access, locals);
    walk.problem({
      code: 'expression-type',
      message: '`has` takes a field: `has(a.b)`',
      start: access.start,
      end: access.end,
      ...(access.op === '[]' ? { hint: `\`${textOf(walk, access.args[1])} in ${textOf(walk, access.args[0])}\`` } : {}),
    });
  }
  return BOOL;
}

/** `map`, `filter`, `all`, `exists`, `exists_one` */
function comprehensionType(walk: Walk, node: NodeOf<'rcall'>, locals: Locals | undefined): ExprType | undefined {
  const [name, receiver, [variable, ...body]] = node.args;
  const arity = name === 'map' && body.length === 2 ? 2 : 1;
  if (!['map', 'filter', 'all', 'exists', 'exists_one', 'existsOne'].includes(name) || variable?.op !== 'id' || body.length !== arity)
    return undefined;
  const element = elementType(walk, receiver, walk.type(receiver, locals));
  const inner: Locals = { name: variable.args, type: element, outer: locals };
  const predicate = name === 'map' ? (arity === 2 ? body[0] : undefined) : body[0];
  if (predicate) requireBool(walk, predicate, inner, `the condition of \`${name}\``);
  if (name === 'map') {
    const facts = predicate ? whenTrue(predicate) : [];
    return { kind: 'list', element: walk.type(body.at(-1) as ASTNode, assuming(inner, facts)) };
  }
  if (name !== 'filter') return BOOL;
  return { kind: 'list', element: predicate ? filtered(element, variable.args, whenTrue(predicate)) : element };
}

/** An element of which its filter says something. */
function filtered(element: ExprType, variable: string, facts: readonly Fact[]): ExprType {
  let type = element;
  for (const { place, present, narrow } of facts)
    if (place.path?.root === variable) type = refine(type, place.path.steps, present === true, narrow);
  return type;
}

function elementType(walk: Walk, node: ASTNode, container: ExprType): ExprType {
  const members = alternatives(container);
  const found: ExprType[] = [];
  for (const member of members) {
    if (member.kind === 'dyn') found.push(DYN);
    else if (member.kind === 'list') found.push(member.element);
    else if (member.kind === 'map') found.push(member.key);
    else if (member.kind === 'object') found.push(STRING);
  }
  if (members.some(({ kind }) => kind === 'dyn')) walk.unproven();
  const other = members.find(({ kind }) => !['dyn', 'list', 'map', 'object'].includes(kind));
  if (other && found.length > 0) doubt(walk, [{ node, type: container }], 'only a list or a map has elements').partly(0, other);
  if (found.length > 0 || members.length === 0) return joinAll(found);
  const hint = container.kind === 'string' ? '`split(",")` makes a list of a text' : undefined;
  walk.problem({
    code: 'expression-type',
    message: `\`${textOf(walk, node)}\` is ${describeType(container)}; only a list or a map has elements`,
    start: node.start,
    end: node.end,
    ...(hint === undefined ? {} : { hint }),
  });
  return FAULT;
}

/** `cel.bind(x, value, body)` */
function bindType(walk: Walk, node: NodeOf<'rcall'>, locals: Locals | undefined): ExprType | undefined {
  const [name, receiver, [variable, value, body]] = node.args;
  if (name !== 'bind' || receiver.op !== 'id' || receiver.args !== 'cel' || localType(locals, 'cel')) return undefined;
  if (variable?.op !== 'id' || !value || !body) return undefined;
  return walk.type(body, { name: variable.args, type: walk.type(value, locals), outer: locals });
}

/** `a.?b.or(c)` and `a.?b.orValue(c)` */
function fallbackType(walk: Walk, node: NodeOf<'rcall'>, locals: Locals | undefined): ExprType | undefined {
  const [name, receiver, [other]] = node.args;
  if ((name !== 'or' && name !== 'orValue') || !other || node.args[2].length !== 1) return undefined;
  const on = walk.type(receiver, locals);
  const type = walk.type(other, locals);
  if (on.kind === 'dyn') {
    walk.unproven();
    return on;
  }
  if (on.kind === 'optional') return joinBranches(walk, node, name === 'or' ? on : on.value, type, `\`${name}\``);
  walk.problem({
    code: 'expression-type',
    message: `\`${textOf(walk, receiver)}\` is ${describeType(on)}, not optional: it has no \`${name}\``,
    start: receiver.start,
    end: receiver.end,
    ...(receiver.op === '.' ? { hint: `an optional is \`${textOf(walk, receiver.args[0])}.?${receiver.args[1]}\`` } : {}),
  });
  return type;
}
