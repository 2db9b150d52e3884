import { Environment } from '@marcbachmann/cel-js';
import { amendEvaluator } from './evaluate/inside.ts';
import { registerEncodings } from './functions/encoding.ts';
import { registerLists } from './functions/lists.ts';
import { registerMacros } from './functions/macros.ts';
import { registerMath } from './functions/math.ts';
import { registerOptionals } from './functions/optionals.ts';
import { registerPatterns } from './functions/patterns.ts';
import { registerStandard } from './functions/standard.ts';
import { registerStrings } from './functions/strings.ts';
import type { ExpressionLimits } from './limits.ts';
import { ROOTS } from './roots.ts';

const environments = new WeakMap<ExpressionLimits, Environment>();

/**
 * The one environment in which expressions are parsed and evaluated: without types, as JSON data has none.
 * Built on first use, as that takes a millisecond; one per object of limits.
 */
export function environment(limits: ExpressionLimits): Environment {
  let env = environments.get(limits);
  if (!env) {
    env = create(limits);
    environments.set(limits, env);
  }
  return env;
}

function create(limits: ExpressionLimits): Environment {
  const env = new Environment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    limits: { maxAstNodes: limits.nodes, maxDepth: limits.nesting },
  });
  for (const name of ROOTS) env.registerVariable(name, 'dyn');
  registerMixedNumbers(env);
  registerStrings(env);
  registerEncodings(env);
  registerPatterns(env);
  registerStandard(env);
  registerMath(env);
  registerLists(env);
  registerOptionals(env);
  registerMacros(env);
  amendEvaluator(env);
  return env;
}

/**
 * `1 + 0.5`: JSON does not tell integers from other numbers, so neither must whoever writes an expression. This is for
 * cel-js's checker; evaluation does it in `operators.ts`.
 */
function registerMixedNumbers(env: Environment): void {
  const operators: { [operator: string]: (a: number, b: number) => number } = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
  };
  for (const [operator, apply] of Object.entries(operators)) {
    env.registerOperator(`int ${operator} double: double`, (a: bigint, b: number) => apply(Number(a), b));
    env.registerOperator(`double ${operator} int: double`, (a: number, b: bigint) => apply(a, Number(b)));
  }
}
