import { choices, cut, didYouMean, nearest, quoted } from '@summit/maestro-expressions/text';
import type { Json, JsonObject } from '@summit/maestro-sdk';
import { dotted } from '../model/subject.ts';
import { fromJson, setOwn, toJson } from '../parse/node.ts';
import type { Parameter } from '../plan.ts';
import { checkValue } from '../schema/check.ts';
import { valueSchema } from '../schema/parameter-schema.ts';
import { coerceText, NOT_READABLE } from './coerce.ts';

export type InputProblemCode = 'unknown-input' | 'missing-input' | 'invalid-input';

/** What is wrong with one value. */
export interface InputProblem {
  name: string;
  code: InputProblemCode;
  message: string;
  hint?: string;
}

export interface BindOptions {
  /** The values are text from a command line: read them as their types. Default false: they are JSON. */
  coerce?: boolean;
  /** What messages call a value. Default `input`. */
  noun?: string;
}

/**
 * Holds given values against the declared parameters and fills in defaults. Tells all problems at once; `values` only where
 * there is none. An optional parameter that is not given and has no default is not in `values`.
 */
export function bindInputs(
  parameters: readonly Parameter[],
  given: Readonly<Record<string, unknown>>,
  options: BindOptions = {},
): { values?: JsonObject; problems: InputProblem[] } {
  const noun = options.noun ?? 'input';
  const problems = unknownNames(parameters, given, noun);
  const values: JsonObject = {};
  for (const parameter of parameters) {
    const bound = bindOne(parameter, given, options.coerce === true, noun);
    if (bound === undefined) continue;
    if ('problems' in bound) problems.push(...bound.problems);
    else setOwn(values, parameter.name, bound.value);
  }
  return problems.length === 0 ? { values, problems } : { problems: withoutEchoes(problems) };
}

function unknownNames(
  parameters: readonly Parameter[],
  given: Readonly<Record<string, unknown>>,
  noun: string,
): (InputProblem & { near?: string })[] {
  const names = parameters.map((parameter) => parameter.name);
  const free = names.filter((name) => !Object.hasOwn(given, name));
  return Object.keys(given)
    .filter((name) => !names.includes(name))
    .map((name) => {
      const [near] = nearest(name, free);
      return {
        name,
        code: 'unknown-input',
        message: `unknown ${noun} ${quoted(name)}${didYouMean(near === undefined ? [] : [near])}`,
        hint: names.length === 0 ? `there are no ${noun}s` : `${noun}s there are: ${choices(names, 'and')}`,
        ...(near === undefined ? {} : { near }),
      };
    });
}

/** A name that is misspelt is not also missing. */
function withoutEchoes(problems: (InputProblem & { near?: string })[]): InputProblem[] {
  const meant = new Set(problems.map((problem) => problem.near));
  return problems.filter(({ code, name }) => code !== 'missing-input' || !meant.has(name)).map(({ near: _, ...problem }) => problem);
}

type Bound = { value: Json } | { problems: InputProblem[] } | undefined;

function bindOne(parameter: Parameter, given: Readonly<Record<string, unknown>>, coerce: boolean, noun: string): Bound {
  const { name, type } = parameter;
  let value = Object.hasOwn(given, name) ? given[name] : undefined;
  if (value === undefined) {
    if (parameter.default !== undefined) return { value: parameter.default as Json };
    if (!parameter.required) return undefined;
    const about = parameter.description === undefined ? '' : `: ${cut(parameter.description, 200)}`;
    return { problems: [{ name, code: 'missing-input', message: `the ${noun} ${quoted(name)} (${type}) is required${about}` }] };
  }
  const text = value;
  if (coerce && typeof text === 'string') value = coerceText(type, text);
  if (value === NOT_READABLE)
    return invalid(parameter, `the ${noun} ${quoted(name)} must be ${titles[type] ?? type}, found ${quoted(String(text))}`);
  const node = fromJson(value);
  if (!node) {
    return invalid(
      parameter,
      `the ${noun} ${quoted(name)} must be JSON, nested at most 64 levels deep, found ${cut(String(typeof value), 60)}`,
    );
  }
  const found = checkValue(valueSchema(parameter), node, { noun: 'property' });
  if (found.length === 0) return { value: toJson(node) };
  return {
    problems: found.map((problem): InputProblem => {
      const path = dotted([name, ...problem.path]);
      const message = `${problem.path.length === 0 ? `the ${noun} ${quoted(name)}` : path} ${problem.text}`;
      return problem.hint === undefined
        ? { name, code: 'invalid-input', message }
        : { name, code: 'invalid-input', message, hint: problem.hint };
    }),
  };
}

const titles: { [type: string]: string } = {
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  object: 'a JSON object',
  array: 'a JSON array',
};

function invalid({ name }: Parameter, message: string): { problems: InputProblem[] } {
  return { problems: [{ name, code: 'invalid-input', message }] };
}
