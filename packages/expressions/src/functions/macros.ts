import { type Environment, Optional, ParseError } from '@marcbachmann/cel-js';
import type { ASTNode } from '../ast.ts';
import { amendParser, type Evaluator, type Macro, type MacroChecker, type Overlay, type Parser, run, size } from '../evaluate/inside.ts';
import { spend } from '../evaluate/meter.ts';
import { flat, type Loop, mapOptional, one, oneElement, quantify, sortBy, transformEntries, transformList, transformMap } from './loops.ts';

/** What a macro is given: a receiver, names of variables, and expressions that see them. */
interface Shape {
  variables: 1 | 2;
  /** How many expressions follow the variables. */
  bodies: number;
  result: string;
  evaluate(loop: Loop, receiver: unknown): unknown;
}

/** The macros of CEL's extensions: comprehensions with two variables, `sortBy`, `optMap` and `optFlatMap`. */
export const SHAPES: { [nameAndArity: string]: Shape } = {
  'all/3': { variables: 2, bodies: 1, result: 'bool', evaluate: (loop, on) => quantify(loop, on, 'all') },
  'exists/3': { variables: 2, bodies: 1, result: 'bool', evaluate: (loop, on) => quantify(loop, on, 'exists') },
  'existsOne/3': { variables: 2, bodies: 1, result: 'bool', evaluate: one },
  'exists_one/3': { variables: 2, bodies: 1, result: 'bool', evaluate: one },
  'existsOne/2': { variables: 1, bodies: 1, result: 'bool', evaluate: oneElement },
  'transformList/3': { variables: 2, bodies: 1, result: 'list', evaluate: transformList },
  'transformList/4': { variables: 2, bodies: 2, result: 'list', evaluate: transformList },
  'transformMap/3': { variables: 2, bodies: 1, result: 'map', evaluate: transformMap },
  'transformMap/4': { variables: 2, bodies: 2, result: 'map', evaluate: transformMap },
  'transformMapEntry/3': { variables: 2, bodies: 1, result: 'map', evaluate: transformEntries },
  'transformMapEntry/4': { variables: 2, bodies: 2, result: 'map', evaluate: transformEntries },
  'sortBy/2': { variables: 1, bodies: 1, result: 'list', evaluate: sortBy },
  'optMap/2': { variables: 1, bodies: 1, result: 'optional', evaluate: (loop, on) => mapOptional(loop, on, (value) => Optional.of(value)) },
  'optFlatMap/2': { variables: 1, bodies: 1, result: 'optional', evaluate: (loop, on) => mapOptional(loop, on, flat) },
};

export function registerMacros(env: Environment): void {
  for (const [key, shape] of Object.entries(SHAPES)) {
    const [name, arity] = key.split('/');
    const receiver = shape.result === 'optional' ? 'optional' : 'dyn';
    env.registerFunction(`${receiver}.${name}(${Array(Number(arity)).fill('ast').join(', ')}): ${shape.result}`, ((call: Call) =>
      macro(call, shape, name as string)) as never);
  }
  // A parser is only seen by a macro.
  env.parse('a.optMap(b, b)');
}

interface Call {
  ast: ASTNode;
  args: readonly ASTNode[];
  receiver: ASTNode;
  parser: Parser;
}

function macro({ ast, args, receiver, parser }: Call, shape: Shape, name: string): Macro {
  amendParser(parser);
  const variables = args.slice(0, shape.variables).map((node) => {
    if (node.op === 'id') return node.args;
    throw new ParseError({ code: 'invalid_macro_argument', summary: `${name} takes a name for each element`, node } as never);
  });
  const bodies = args.slice(shape.variables);
  const weight = 2 + bodies.reduce((sum, body) => sum + size(body), 0);
  const overlays: Overlay[] = [];
  return {
    ast,
    overlays,
    async: false,
    typeCheck(checker: MacroChecker, _: unknown, scope: { forkWithVariable(name: string, type: unknown): Overlay }) {
      checker.check(receiver, scope);
      overlays.length = 0;
      let inner = scope;
      for (const variable of variables) {
        const overlay = inner.forkWithVariable(variable, checker.getType('dyn'));
        overlays.push(overlay);
        inner = overlay as never;
      }
      for (const body of bodies) checker.check(body, inner);
      return checker.getType(shape.result === 'bool' ? 'bool' : shape.result === 'optional' ? 'optional' : 'dyn');
    },
    evaluate(ev: Evaluator, _: unknown, scope: unknown) {
      const on = run(ev, receiver, scope);
      let inner = scope;
      const used = overlays.map((overlay) => {
        const own = overlay.reuse(inner);
        inner = own;
        return own;
      });
      return shape.evaluate(
        {
          receiver,
          bodies,
          set(first, second) {
            spend(weight);
            if (used[0]) used[0].iterValue = first;
            if (used[1]) used[1].iterValue = second;
          },
          body: (at) => run(ev, bodies[at] as ASTNode, inner),
        },
        on,
      );
    },
  } as unknown as Macro;
}
