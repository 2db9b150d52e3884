import { type ASTNode, children, isAccess, isOptional, type NodeOf } from '../ast.ts';
import { readOptional, readRequired } from './access.ts';
import { call, method } from './calls.ts';
import { instrumentComprehension, instrumentHas } from './comprehensions.ts';
import { type Evaluate, inside, type Overlay, run } from './inside.ts';
import { list, map } from './literals.ts';
import { arithmetic, comparison, equality, logic, membership, negation } from './operators.ts';
import { followLifted, pathOf } from './paths.ts';

/** Lets go of the data of the last evaluation, which cel-js would keep until the next. */
export type Release = () => void;

/**
 * Prepares a parsed expression for evaluation over JSON; to be called once, before cel-js checks and evaluates it.
 * cel-js evaluates. At some nodes we take its place: where data from outside is read, as its numbers have to become ints
 * without converting all of it first, and where work and results have to be bounded while they are made.
 */
export function instrument(root: ASTNode): Release | undefined {
  const scopes: (() => readonly Overlay[])[] = [];
  const open = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    open.push(...children(node));
    const { alternate, macro } = inside(node).meta;
    if (alternate && node.op === 'rcall') {
      const scope = instrumentComprehension(node, alternate);
      scopes.push(() => [scope()].filter((overlay) => overlay !== undefined));
    } else if (macro) {
      if (node.op === 'call' && node.args[0] === 'has') instrumentHas(macro, node);
      scopes.push(() => (macro.bindCtx ? [macro.bindCtx] : (macro.overlays ?? [])));
    } else {
      const evaluate = evaluatorOf(node);
      if (evaluate) inside(node).setMeta('evaluate', evaluate);
      relaxCheck(node);
    }
  }
  if (scopes.length === 0) return undefined;
  return () => {
    for (const scope of scopes) {
      for (const overlay of scope()) {
        overlay.reuse(undefined);
        overlay.iterValue = undefined;
        overlay.accuValue = undefined;
      }
    }
  };
}

/**
 * What cel-js's checker must not refuse: comparing values of different types, which yields false, reading from what it knows nothing of, and empty literals, whose
 * elements it takes for a type of which several operators apply, and fails.
 */
function relaxCheck(node: ASTNode): void {
  if (node.op === '==' || node.op === '!=' || node.op === 'in') {
    inside(node).setMeta('check', (checker, _, scope) => {
      for (const operand of node.args) checker.check(operand, scope);
      return checker.getType('bool');
    });
  } else if (isAccess(node)) {
    inside(node).setMeta('check', (checker, _, scope) => {
      checker.check(node.args[0], scope);
      if (node.op === '[]' || node.op === '[?]') checker.check(node.args[1], scope);
      return checker.getType(isOptional(node) ? 'optional' : 'dyn');
    });
  } else if ((node.op === 'list' || node.op === 'map') && node.args.length === 0) {
    inside(node).setMeta('check', (checker) => checker.getType(node.op));
  }
}

/** What takes the place of cel-js's evaluator of a node. */
function evaluatorOf(node: ASTNode): Evaluate | undefined {
  switch (node.op) {
    case '.':
    case '[]':
      return access(node);
    case '.?': {
      const [container, name] = node.args;
      return (ev, _, scope) => readOptional(run(ev, container, scope), name, node);
    }
    case '[?]': {
      const [container, index] = node.args;
      return (ev, _, scope) => readOptional(run(ev, container, scope), run(ev, index, scope), node);
    }
    case '?:':
      return ternary(node);
    case 'list':
      return list(node);
    case 'map':
      return map(node);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmetic(node);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(node);
    case '==':
    case '!=':
      return equality(node);
    case 'in':
      return membership(node);
    case '||':
    case '&&':
      return logic(node);
    case '-_':
      return negation(node);
    case 'call':
      return call(node);
    case 'rcall':
      return method(node);
    default:
      return undefined;
  }
}

function access(node: NodeOf<'.' | '[]'>): Evaluate {
  const [container, key] = node.args;
  const read: Evaluate =
    typeof key === 'string'
      ? (ev, _, scope) => readRequired(run(ev, container, scope), key, node)
      : (ev, _, scope) => readRequired(run(ev, container, scope), run(ev, key, scope), node);
  const path = pathOf(node);
  if (!path) return read;
  return (ev, self, scope) => followLifted(scope, path) ?? read(ev, self, scope);
}

/** `a ? b : c`; what is no condition, cel-js reports. */
function ternary(node: NodeOf<'?:'>): Evaluate {
  const [condition, then, otherwise] = node.args;
  return (ev, self, scope) => {
    const holds = run(ev, condition, scope);
    if (holds === true) return run(ev, then, scope);
    return holds === false ? run(ev, otherwise, scope) : inside(self).handle(holds, ev, self, scope);
  };
}
