import type { ASTNode, NodeOf } from '../ast.ts';
import { isOptionalEntry } from '../evaluate/inside.ts';
import { nearest } from '../text/near.ts';
import { choices, quoted } from '../text/words.ts';
import { type BinaryOperator, binaryType, comparable, maybeBool } from '../types/operators.ts';
import {
  alternatives,
  BOOL,
  DYN,
  describeType,
  type ExprType,
  FAULT,
  type Field,
  isJsonNumber,
  isNever,
  isScalar,
  join,
  joinAll,
  NEVER,
} from '../types/type.ts';
import { doubt } from './doubts.ts';
import { whenFalse, whenTrue } from './facts.ts';
import { member } from './keys.ts';
import { assuming, type Locals, localType, suggesting, textOf, type Walk } from './walk.ts';

/** `+ - * / % < <= > >=` */
export function operationType(walk: Walk, node: NodeOf<BinaryOperator>, locals: Locals | undefined): ExprType {
  if (node.op === '-' && hyphenated(walk, node, locals)) return FAULT;
  const [left, right] = node.args;
  const a = walk.type(left, locals);
  const b = walk.type(right, locals);
  // Where one side never has a value, this is never evaluated: it adds nothing to what the whole can be.
  if (a !== FAULT && b !== FAULT && (isNever(a) || isNever(b))) return NEVER;
  const operands = [
    { node: left, type: a },
    { node: right, type: b },
  ];
  const type = binaryType(node.op, a, b, doubt(walk, operands, `\`${node.op}\` does not take it`));
  if (node.op === '/' && type?.kind === 'number') warnOfCut(walk, node, a);
  if (type) return type;
  const hint = conversion(walk, node, a, b);
  walk.problem({
    code: 'expression-type',
    message: `\`${node.op}\` does not take ${describeType(a)} and ${describeType(b)}`,
    start: node.start,
    end: node.end,
    ...(hint === undefined ? {} : { hint }),
  });
  return ['<', '<=', '>', '>='].includes(node.op) ? BOOL : FAULT;
}

/** A number of JSON that is whole is an int, and ints divide to ints: 3 / 2 is 1 where 3.5 / 2 is 1.75. */
function warnOfCut(walk: Walk, node: NodeOf<BinaryOperator>, dividend: ExprType): void {
  const [at] = node.args;
  const mended =
    dividend.kind === 'number' && at.op !== '?:' && at.op !== '+' && at.op !== '-'
      ? { replacement: `double(${walk.source.slice(at.start, at.end)})` }
      : {};
  walk.warn({
    code: 'expression-type',
    message: 'this division cuts off the fraction when both numbers happen to be whole',
    start: mended.replacement === undefined ? node.start : at.start,
    end: mended.replacement === undefined ? node.end : at.end,
    hint: `\`double(${textOf(walk, at)})\` keeps it, \`int(${textOf(walk, at)})\` always cuts`,
    ...mended,
  });
}

function conversion(walk: Walk, node: NodeOf<BinaryOperator>, a: ExprType, b: ExprType): string | undefined {
  const [left, right] = node.args;
  const text = (type: ExprType) => alternatives(type).some(({ kind }) => kind === 'string');
  if (node.op === '%' && isJsonNumber(a) && isJsonNumber(b)) return '`%` takes ints: `int(x)`';
  if (text(a) === text(b)) return undefined;
  const [textual, other] = text(a) ? [left, right] : [right, left];
  const otherType = text(a) ? b : a;
  // Times and spans of time are text in JSON: what is meant is to calculate.
  if (otherType.kind === 'timestamp') return `a span of time: \`duration(${textOf(walk, textual)})\``;
  if (otherType.kind === 'duration')
    return `a time: \`timestamp(${textOf(walk, textual)})\`; a span of time: \`duration(${textOf(walk, textual)})\``;
  if (node.op === '+' && isScalar(otherType) && otherType.kind !== 'null') return `to join texts: \`string(${textOf(walk, other)})\``;
  if (isJsonNumber(otherType)) return `to calculate with a text: \`int(${textOf(walk, textual)})\``;
  return undefined;
}

/** `tasks.create-ns`: a name with a hyphen that reads as a subtraction. */
function hyphenated(walk: Walk, node: ASTNode, locals: Locals | undefined): boolean {
  let first = node;
  while (first.op === '-') first = first.args[0];
  if (first.op !== '.' || first.args[0].op !== 'id') return false;
  const root = first.args[0].args;
  if (localType(locals, root) || (root !== 'tasks' && root !== 'params' && root !== 'inputs')) return false;
  const names = root === 'tasks' ? walk.scope.tasks : walk.scope[root]?.fields;
  const written = /^\w+(?:-\w+)+/.exec(walk.source.slice(first.pos))?.[0];
  if (!names || written === undefined || names.has(first.args[1])) return false;
  const name = written.split('-').reduceRight<string | undefined>((found, _, i, parts) => {
    const candidate = parts.slice(0, i + 1).join('-');
    return found ?? (names.has(candidate) ? candidate : undefined);
  }, undefined);
  if (name === undefined) return root === 'tasks' && unknownHyphenated(walk, first, written, [...names.keys()]);
  const replacement = `${root}${member(name)}`;
  walk.problem({
    code: 'unknown-reference',
    message: `\`${root}.${name}\` is a subtraction; a name with a hyphen is written \`${replacement}\``,
    start: first.start,
    end: first.pos + name.length,
    replacement,
  });
  return true;
}

/** `tasks.create-ns` where no task is called like any part of it: it was meant as one name, which no task has. */
function unknownHyphenated(walk: Walk, first: NodeOf<'.'>, written: string, tasks: readonly string[]): boolean {
  const [suggestion] = nearest(written, tasks);
  walk.problem({
    code: 'unknown-reference',
    message: `unknown task ${quoted(written)}`,
    start: first.start,
    end: first.pos + written.length,
    ...(suggestion === undefined ? {} : { replacement: `tasks${member(suggestion)}` }),
    ...suggesting(
      suggestion === undefined ? undefined : `\`tasks${member(suggestion)}\``,
      tasks.length === 0 ? 'there are no other tasks' : `there are ${choices([...tasks], 'and')}`,
    ),
  });
  return true;
}

/** `a && b` and `a || b`: where the right side decides, the left one did not. */
export function logicType(walk: Walk, node: NodeOf<'&&' | '||'>, locals: Locals | undefined): ExprType {
  const [left, right] = node.args;
  const what = `an operand of \`${node.op}\``;
  requireBool(walk, left, locals, what);
  requireBool(walk, right, assuming(locals, node.op === '&&' ? whenTrue(left) : whenFalse(left)), what);
  return BOOL;
}

/** `!`, `&&`, `||`, the condition of `?:` and the predicate of a comprehension: what has to be a boolean. */
export function requireBool(walk: Walk, node: ASTNode, locals: Locals | undefined, what: string): void {
  const type = walk.type(node, locals);
  if (maybeBool(type, doubt(walk, [{ node, type }], `${what} is a bool`))) return;
  walk.problem({
    code: 'expression-type',
    message: `${what} is a bool, not ${describeType(type)}`,
    start: node.start,
    end: node.end,
    ...boolHint(textOf(walk, node), type),
  });
}

function boolHint(text: string, type: ExprType): { hint?: string } {
  if (type.kind === 'string') return { hint: `\`${text} != ""\`` };
  if (isJsonNumber(type)) return { hint: `\`${text} != 0\`` };
  if (type.kind === 'list' || type.kind === 'map') return { hint: `\`size(${text}) > 0\`` };
  return {};
}

/** `-a` */
export function negationType(walk: Walk, node: NodeOf<'-_'>, locals: Locals | undefined): ExprType {
  const type = walk.type(node.args, locals);
  const members = alternatives(type);
  const numbers = members.filter((part) => part.kind === 'dyn' || isJsonNumber(part));
  if (members.length > 0 && numbers.length === 0) {
    walk.problem({ code: 'expression-type', message: `\`-\` does not take ${describeType(type)}`, start: node.start, end: node.end });
    return FAULT;
  }
  const other = members.find((part) => !numbers.includes(part));
  if (other) doubt(walk, [{ node: node.args, type }], '`-` does not take it').partly(0, other);
  if (numbers.some((part) => part.kind === 'dyn')) walk.unproven();
  return joinAll(numbers.map((part) => (isScalar(part) ? { kind: part.kind } : part)));
}

/** `a ? b : c` */
export function ternaryType(walk: Walk, node: NodeOf<'?:'>, locals: Locals | undefined): ExprType {
  const [condition, then, otherwise] = node.args;
  requireBool(walk, condition, locals, 'the condition');
  const a = walk.type(then, assuming(locals, whenTrue(condition)));
  const b = walk.type(otherwise, assuming(locals, whenFalse(condition)));
  return joinBranches(walk, node, a, b, '`? :`');
}

/** The type of one or the other, which in CEL are of one type; null goes with all of them. */
export function joinBranches(walk: Walk, node: ASTNode, a: ExprType, b: ExprType, operator: string): ExprType {
  if (comparable(a, b)) return join(a, b);
  walk.problem({
    code: 'expression-type',
    message: `both sides of ${operator} have to be of one type, not ${describeType(a)} and ${describeType(b)}`,
    start: node.start,
    end: node.end,
    hint: 'if both are meant, wrap one of them: `dyn(...)`',
  });
  return FAULT;
}

const KEYS: ReadonlySet<string> = new Set(['string', 'int', 'uint', 'bool']);

/** What an element of a list or an entry of a map holds: with `?` it takes an optional, and is left out where that holds nothing. */
export function entryValue(walk: Walk, entry: ASTNode, node: ASTNode, type: ExprType): ExprType {
  if (!isOptionalEntry(entry)) return type;
  if (type.kind === 'optional') return type.value;
  if (type.kind === 'dyn') walk.unproven();
  else {
    const message = `an entry with \`?\` takes an optional, not ${describeType(type)}`;
    walk.problem({ code: 'expression-type', message, start: node.start, end: node.end, hint: 'as `a.?b` is one; or leave out the `?`' });
  }
  return type.kind === 'dyn' ? type : FAULT;
}

/** A map whose keys are all written out is an object with these fields. */
export function mapType(walk: Walk, node: NodeOf<'map'>, locals: Locals | undefined): ExprType {
  const fields = new Map<string, Field>();
  let keys: ExprType | undefined;
  let named = true;
  for (const [keyNode, valueNode] of node.args) {
    const key = walk.type(keyNode, locals);
    const type = entryValue(walk, keyNode, valueNode, walk.type(valueNode, locals));
    const required = !isOptionalEntry(keyNode);
    keys = keys ? join(keys, key) : key;
    if (keyNode.op === 'value' && typeof keyNode.args === 'string') {
      if (fields.has(keyNode.args)) {
        walk.problem({
          code: 'expression-type',
          message: `the map has the key ${quoted(keyNode.args)} twice`,
          start: keyNode.start,
          end: keyNode.end,
        });
      }
      fields.set(keyNode.args, { type, required });
      continue;
    }
    named = false;
    fields.set(`${fields.size}`, { type, required: true });
    const kinds = alternatives(key).map(({ kind }) => kind);
    const other = alternatives(key).find(({ kind }) => kind !== 'dyn' && !KEYS.has(kind));
    if (other && kinds.length > 1)
      doubt(walk, [{ node: keyNode, type: key }], 'the key of a map is a string, an int or a bool').partly(0, other);
    if (kinds.includes('dyn')) walk.unproven();
    if (kinds.some((kind) => kind === 'dyn' || KEYS.has(kind))) continue;
    walk.problem({
      code: 'expression-type',
      message: `the key of a map is a string, an int or a bool, not ${describeType(key)}`,
      start: keyNode.start,
      end: keyNode.end,
    });
  }
  if (named) return { kind: 'object', fields };
  return { kind: 'map', key: keys ?? DYN, value: joinAll([...fields.values()].map(({ type }) => type)) };
}
