import type { ASTNode, NodeOf } from '../ast.ts';
import { patternMistake } from '../functions/patterns.ts';
import { nearest } from '../text/near.ts';
import { quoted } from '../text/words.ts';
import { NO_DOUBT } from '../types/doubt.ts';
import { callType, functions, type Overload } from '../types/signatures.ts';
import { DYN, describeType, type ExprType, FAULT, joinAll, typeName } from '../types/type.ts';
import { doubt } from './doubts.ts';
import { callResult } from './extensions.ts';
import { macroType, presenceType } from './macros.ts';
import { type Locals, suggesting, textOf, type Walk } from './walk.ts';

/** `f(a, b)` */
export function functionType(walk: Walk, node: NodeOf<'call'>, locals: Locals | undefined): ExprType {
  const [name, args] = node.args;
  const [first] = args;
  if (name === 'has' && args.length === 1 && first) return presenceType(walk, first, locals);
  const types = args.map((arg) => walk.type(arg, locals));
  const overloads = functions().global.get(name);
  const range = { start: node.start, end: node.start + name.length };
  if (!overloads) {
    const method =
      functions().methods.has(name) && first
        ? `${textOf(walk, first)}.${name}(${args
            .slice(1)
            .map((arg) => textOf(walk, arg))
            .join(', ')})`
        : undefined;
    const suggestion = method === undefined ? nearest(name, functions().global.keys())[0] : undefined;
    walk.problem({
      code: 'unknown-reference',
      message: `unknown function ${quoted(name)}`,
      ...range,
      ...(method === undefined ? suggesting(tick(suggestion)) : { hint: `it is called on a value: \`${method}\`` }),
      ...(suggestion === undefined ? {} : { replacement: suggestion }),
    });
    return FAULT;
  }
  checkPattern(walk, name, args[1]);
  const doubts = doubt(walk, paired(args, types), `\`${name}\` does not take it`);
  return callType(overloads, types, doubts) ?? refuse(walk, node, name, overloads, args, types, range);
}

function paired(nodes: readonly ASTNode[], types: readonly ExprType[]): { node: ASTNode; type: ExprType }[] {
  return nodes.map((node, i) => ({ node, type: types[i] as ExprType }));
}

/** `a.f(b)` */
export function methodType(walk: Walk, node: NodeOf<'rcall'>, locals: Locals | undefined): ExprType {
  const [name, receiver, args] = node.args;
  const macro = macroType(walk, node, locals);
  if (macro) return macro;

  const on = walk.type(receiver, locals);
  const types = args.map((arg) => walk.type(arg, locals));
  const range = nameRange(walk, node);
  if (on === FAULT) return FAULT;
  const overloads = functions()
    .methods.get(name)
    ?.filter((overload) => callTypeOnReceiver(overload, on));
  if (!overloads || overloads.length === 0) {
    unknownMethod(walk, node, on, range);
    return FAULT;
  }
  checkPattern(walk, name, args[0]);
  const doubts = doubt(walk, paired([receiver, ...args], [on, ...types]), `\`${name}\` does not take it`);
  const type = callType(overloads, [on, ...types], doubts);
  return type ? callResult(walk, node, on, types, type) : refuse(walk, node, name, overloads, args, types, range);
}

function callTypeOnReceiver(overload: Overload, receiver: ExprType): boolean {
  return (
    overload.receiver !== undefined &&
    callType([{ args: [overload.receiver], result: overload.result, shown: '' }], [receiver], NO_DOUBT) !== undefined
  );
}

function unknownMethod(walk: Walk, node: NodeOf<'rcall'>, on: ExprType, range: { start: number; end: number }): void {
  const [name, receiver, args] = node.args;
  const text = textOf(walk, receiver);
  const methods = [...functions().methods]
    .filter(([, overloads]) => overloads.some((overload) => !isOfNamespace(overload, on) && callTypeOnReceiver(overload, on)))
    .map(([method]) => method);
  const asFunction = functions().global.has(name) ? `${name}(${[text, ...args.map((arg) => textOf(walk, arg))].join(', ')})` : undefined;
  const suggestion = asFunction === undefined ? nearest(name, methods)[0] : undefined;
  const hint = asFunction === undefined ? elsewhere(name, text) : `it is a function: \`${asFunction}\``;
  const owner = on.kind === 'namespace' ? `\`${text}\` has` : `\`${text}\` is ${describeType(on)}: it has`;
  walk.problem({
    code: 'unknown-reference',
    message: `${owner} no function ${quoted(name)}`,
    ...range,
    ...suggesting(tick(suggestion), hint),
    ...(suggestion === undefined ? {} : { replacement: suggestion }),
  });
}

function isOfNamespace(overload: Overload, on: ExprType): boolean {
  return on.kind === 'dyn' && overload.receiver?.kind === 'type' && overload.receiver.type.kind === 'namespace';
}

function tick(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `\`${name}\``;
}

/** What other languages call it. */
function elsewhere(name: string, text: string): string | undefined {
  const known: { [name: string]: string } = {
    len: `size(${text})`,
    length: `size(${text})`,
    count: `size(${text})`,
    toString: `string(${text})`,
    includes: `x in ${text}`,
    some: `${text}.exists(x, ...)`,
    any: `${text}.exists(x, ...)`,
    every: `${text}.all(x, ...)`,
    find: `${text}.filter(x, ...)[0]`,
    toLowerCase: `${text}.lowerAscii()`,
    lower: `${text}.lowerAscii()`,
    max: 'math.greatest(...)',
    min: 'math.least(...)',
    toUpperCase: `${text}.upperAscii()`,
    upper: `${text}.upperAscii()`,
    default: 'a.?b.orValue(...)',
  };
  return Object.hasOwn(known, name) ? `\`${known[name]}\`` : undefined;
}

/** Why no overload takes these arguments; the arguments whose type does not fit are shown. */
function refuse(
  walk: Walk,
  node: ASTNode,
  name: string,
  overloads: readonly Overload[],
  args: readonly ASTNode[],
  types: readonly ExprType[],
  range: { start: number; end: number },
): ExprType {
  const counts = [...new Set(overloads.map((overload) => overload.args.length))].sort((a, b) => a - b);
  const [first] = args;
  if (!counts.includes(args.length)) {
    const message = `\`${name}\` takes ${counts.join(' or ')} argument${counts.join() === '1' ? '' : 's'}, not ${args.length}`;
    walk.problem({ code: 'expression-type', message, ...range, hint: signatures(name, overloads) });
  } else {
    const at = args.length === 1 && first ? first : node;
    walk.problem({
      code: 'expression-type',
      message: `\`${name}\` does not take (${types.map((type) => typeName(type)).join(', ')})`,
      start: at.start,
      end: at.end,
      hint: signatures(name, overloads),
    });
  }
  return joinAll(overloads.map((overload) => (overload.result.kind === 'type' ? overload.result.type : DYN)));
}

function signatures(name: string, overloads: readonly Overload[]): string {
  return `it takes ${[...new Set(overloads.map(({ shown }) => `\`${name}${shown}\``))].join(', ')}`;
}

function nameRange(walk: Walk, node: NodeOf<'rcall'>): { start: number; end: number } {
  const [name, receiver] = node.args;
  const found = new RegExp(`\\.\\s*${name}\\s*\\(`).exec(walk.source.slice(receiver.end, node.end));
  if (!found) return { start: node.start, end: node.end };
  const start = receiver.end + found.index + found[0].indexOf(name);
  return { start, end: start + name.length };
}

/** A pattern that is written out is looked at before it is used. */
function checkPattern(walk: Walk, name: string, pattern: ASTNode | undefined): void {
  if (name !== 'matches' || pattern?.op !== 'value' || typeof pattern.args !== 'string') return;
  const mistake = patternMistake(pattern.args);
  if (mistake !== undefined) walk.problem({ code: 'expression-type', message: mistake, start: pattern.start, end: pattern.end });
}
