import { type ASTNode, children } from '../ast.ts';
import { instrument } from '../evaluate/instrument.ts';
import { DEFAULT_LIMITS, type ExpressionLimits } from '../limits.ts';
import { parseExpression } from '../parse.ts';
import { BOOL, DOUBLE, DYN, type ExprType, joinAll, NULL, withArticle } from '../types/type.ts';
import { functionType, methodType } from './calls.ts';
import { equalityType, membershipType } from './comparisons.ts';
import { type Fact, tasksProven, whenTrue } from './facts.ts';
import { accessType } from './fields.ts';
import { narrowed } from './guards.ts';
import { nameType } from './names.ts';
import { entryValue, logicType, mapType, negationType, operationType, requireBool, ternaryType } from './operations.ts';
import { type Scope, type ScopeTypes, scopeOf } from './scope.ts';
import { assuming, type ExpressionProblem, type Locals, type Reference, type Walk } from './walk.ts';

/** What is known of an expression before it is evaluated: its type, or what is wrong with it, in the order of the source. */
export type CheckResult =
  | {
      ok: true;
      type: ExprType;
      refs: Reference[];
      /** What is allowed, but hardly meant. */
      warnings: ExpressionProblem[];
      /**
       * Whether it cannot fail for its types. It can where a value may be several things (a union, or anything at all) and
       * something is done with it that only some of them allow.
       */
      proven: boolean;
      /** Whether it asks how tasks ended (`tasks.x.status`, `always()`), so that as a `when` it decides alone. */
      statusCheck: boolean;
      /** The tasks that have an output wherever it is true. */
      provenTasks: string[];
    }
  | { ok: false; problems: ExpressionProblem[]; refs: Reference[]; statusCheck: boolean };

export interface CheckOptions {
  /** An expression that holds wherever the checked one is evaluated, as a task's `when` does for its `with`. */
  given?: string | undefined;
  /** It is the whole value of a field, which is left out where the value is absent. */
  mayBeAbsent?: boolean;
  /** Told the type of each part, the inner ones before what they are part of. */
  observe?: Observe;
}

export interface Checker {
  check(source: string, options?: CheckOptions): CheckResult;
}

export type Observe = (node: ASTNode, type: ExprType) => void;

/**
 * A checker for the expressions of one place. Making one is cheap: schemas are only read where an expression looks.
 *
 * The types are our own, the functions cel-js's: its checker takes an object with declared fields for something other than a map
 * (so that `"a" in obj`, `size(obj)`, `obj == null` or `c ? obj : null` are refused, all of which evaluate), knows neither unions nor
 * enumerations, and stops at the first mistake. It has the last word all the same: what it refuses without types never evaluates.
 */
export function createChecker(types: ScopeTypes): Checker {
  return checkerOf(scopeOf(types));
}

/** A checker for the expressions of one place, of whose scope the types are known. */
export function checkerOf(scope: Scope, limits: ExpressionLimits = DEFAULT_LIMITS): Checker {
  return { check: (source, options = {}) => check(source, scope, limits, options) };
}

function check(source: string, scope: Scope, limits: ExpressionLimits, { given, mayBeAbsent, observe }: CheckOptions): CheckResult {
  const result = parseExpression(source, limits);
  if ('problem' in result) return { ok: false, problems: [{ ...result.problem, code: 'expression-syntax' }], refs: [], statusCheck: false };
  const { parsed } = result;
  const problems: ExpressionProblem[] = [];
  const warnings: ExpressionProblem[] = [];
  let proven = true;
  const refs: Reference[] = [];
  const walk: Walk = {
    source,
    scope,
    type: (node, locals, asked) => {
      const found = narrowed(node, nodeType(walk, node, locals, asked), locals);
      observe?.(node, found);
      return found;
    },
    problem: (problem) => problems.push(problem),
    warn: (problem) => warnings.push(problem),
    reference: (reference) => refs.push(reference),
    unproven: () => {
      proven = false;
    },
  };
  const type = walk.type(parsed.ast, assuming(undefined, given === undefined ? [] : factsOfSource(given)));
  const present = mayBeAbsent && type.kind === 'optional' ? type.value : type;
  if (problems.length === 0 && holdsOptional(present)) problems.push(stillOptional(source));
  if (problems.length === 0) {
    instrument(parsed.ast);
    const untyped = parsed.check();
    if (!untyped.valid) problems.push(untypedProblem(source, untyped.error));
  }
  const statusCheck = isStatusCheck(parsed.ast, refs);
  if (problems.length > 0) return { ok: false, problems: distinct(problems), refs, statusCheck };
  return { ok: true, type, refs, warnings, proven, statusCheck, provenTasks: tasksProven(whenTrue(parsed.ast)) };
}

/** What is known where an expression is true; nothing, if it is none. */
function factsOfSource(source: string): Fact[] {
  const result = parseExpression(source, DEFAULT_LIMITS);
  return 'problem' in result ? [] : whenTrue(result.parsed.ast);
}

function isStatusCheck(root: ASTNode, refs: readonly Reference[]): boolean {
  if (refs.some(({ kind }) => kind === 'task-status')) return true;
  const open = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.op === 'call' && node.args[0] === 'always') return true;
    open.push(...children(node));
  }
  return false;
}

function nodeType(walk: Walk, node: ASTNode, locals: Locals | undefined, asked: boolean | undefined): ExprType {
  switch (node.op) {
    case 'value':
      return literalType(node.args);
    case 'id':
      return nameType(walk, node, locals);
    case '.':
    case '.?':
    case '[]':
    case '[?]':
      return accessType(walk, node, locals, asked);
    case 'call':
      return functionType(walk, node, locals);
    case 'rcall':
      return methodType(walk, node, locals);
    case 'list':
      return { kind: 'list', element: joinAll(node.args.map((element) => entryValue(walk, element, element, walk.type(element, locals)))) };
    case 'map':
      return mapType(walk, node, locals);
    case '?:':
      return ternaryType(walk, node, locals);
    case '||':
    case '&&':
      return logicType(walk, node, locals);
    case '!_':
      requireBool(walk, node.args, locals, 'the operand of `!`');
      return BOOL;
    case '-_':
      return negationType(walk, node, locals);
    case '==':
    case '!=':
      return equalityType(walk, node, locals);
    case 'in':
      return membershipType(walk, node, locals);
    default:
      return operationType(walk, node, locals);
  }
}

function literalType(value: unknown): ExprType {
  switch (typeof value) {
    case 'string':
      return { kind: 'string', values: [value] };
    case 'boolean':
      return { kind: 'bool', values: [value] };
    case 'bigint':
      return { kind: 'int', values: [Number(value)] };
    case 'number':
      return DOUBLE;
  }
  if (value === null) return NULL;
  return value instanceof Uint8Array ? { kind: 'bytes' } : typeof value === 'object' ? { kind: 'uint' } : DYN;
}

/** Whether something in a value, as it was put together here, may be absent. */
function holdsOptional(type: ExprType, depth = 4): boolean {
  if (type.kind === 'optional') return true;
  // A schema may refer to itself; what is absent in data is no optional.
  if (depth === 0) return false;
  if (type.kind === 'list') return holdsOptional(type.element, depth - 1);
  if (type.kind === 'map') return holdsOptional(type.value, depth - 1);
  return type.kind === 'union' && type.members.some((member) => holdsOptional(member, depth - 1));
}

function stillOptional(source: string): ExpressionProblem {
  return {
    code: 'expression-type',
    message: 'the result may be absent',
    start: 0,
    end: source.length,
    hint: 'say what to take then: `a.?b.orValue(...)`',
  };
}

interface CelError {
  code: string;
  summary: string;
  range?: { start: number; end: number };
}

/** What cel-js refuses although the types above allow it: operands that it knows without types, as literals are. */
function untypedProblem(source: string, error: CelError | undefined): ExpressionProblem {
  const summary = error?.summary ?? 'the expression has no type';
  const { start, end } = error?.range ?? { start: 0, end: source.length };
  const branches = error?.code === 'incompatible_ternary_branches' ? /got '(.+)' and '(.+)'/.exec(summary) : null;
  if (branches) {
    const message = `both sides of \`? :\` have to be of one type, not ${withArticle(branches[1] as string)} and ${withArticle(branches[2] as string)}`;
    return { code: 'expression-type', message, start, end, hint: 'if both are meant, wrap one of them: `dyn(...)`' };
  }
  return { code: 'expression-type', message: summary.slice(0, 1).toLowerCase() + summary.slice(1), start, end: Math.max(end, start) };
}

/** In the order of the source; the same mistake at the same place once. */
function distinct(problems: readonly ExpressionProblem[]): ExpressionProblem[] {
  const seen = new Set<string>();
  return [...problems]
    .sort((a, b) => a.start - b.start || a.end - b.end)
    .filter(({ message }) => {
      if (seen.has(message)) return false;
      seen.add(message);
      return true;
    });
}
