import { ExpressionError, evaluateTemplate } from '@summit/maestro-expressions';
import type { JsonObject } from '@summit/maestro-sdk';
import { setOwn } from '../parse/node.ts';
import type { Plan, Template } from '../plan.ts';
import { bindInputs, type InputProblem } from './bind.ts';

/**
 * The parameters of a plan's workflow for bound inputs: bindings evaluated, defaults filled in, every value held against its
 * type. A parameter bound to nothing but an optional input that was not given is absent too, or has its default.
 * `run` is what expressions see as `run`.
 */
export function bindParameters(plan: Plan, inputs: JsonObject, run?: JsonObject): { values?: JsonObject; problems: InputProblem[] } {
  const given: Record<string, unknown> = {};
  const problems: InputProblem[] = [];
  for (const [name, template] of Object.entries(plan.bindings)) {
    if (isAbsent(template, plan, inputs)) continue;
    try {
      setOwn(given, name, evaluateTemplate(template, run === undefined ? { inputs } : { inputs, run }));
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      problems.push({ name, code: 'invalid-input', message: `the parameter "${name}" cannot be bound: ${error.message}` });
    }
  }
  const bound = bindInputs(plan.parameters, given, { noun: 'parameter' });
  if (problems.length === 0) return bound;
  const failed = new Set(problems.map((problem) => problem.name));
  return { problems: [...problems, ...bound.problems.filter((problem) => !failed.has(problem.name))] };
}

/** `${inputs.x}` and nothing else, where the input `x` was not given. */
function isAbsent(template: Template, plan: Plan, inputs: JsonObject): boolean {
  if (typeof template !== 'object' || template === null || !('$cel' in template) || typeof template.$cel !== 'string') return false;
  const { $cel } = template;
  return plan.inputs.some(({ name }) => $cel === `inputs.${name}` && !Object.hasOwn(inputs, name));
}
