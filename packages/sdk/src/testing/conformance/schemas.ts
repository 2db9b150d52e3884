import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { JsonSchema } from '../../contract.ts';
import { outputOfInput, PRESENT_WHEN } from '../../present-when.ts';
import { ConformanceError, type ConformanceRule, type Subject } from './model.ts';

/** The compiled schemas of a task. */
export interface Validators {
  /** A copy of `input` with the schema's defaults filled in. Throws when it does not fit. */
  complete(rule: ConformanceRule, input: unknown): unknown;
  /** What is wrong with the output of a call with this input, or undefined. */
  outputProblem(output: unknown, input: unknown): string | undefined;
}

const compiled = new WeakMap<object, Validators>();

/** Throws a {@link ConformanceError} of rule `schemas` when a schema cannot be compiled. */
export function validatorsOf(subject: Subject): Validators {
  const known = compiled.get(subject.task);
  if (known !== undefined) return known;
  const input = compile(subject, 'input');
  const output = compile(subject, 'output');
  const validators: Validators = {
    complete(rule, value) {
      const copy: unknown = structuredClone(value);
      if (!input(copy)) {
        throw new ConformanceError(subject.label, rule, `input does not fit the input schema: ${describe(input.errors)}`);
      }
      return copy;
    },
    outputProblem: (value, given) => (output(value) ? presence(subject, value, given) : describe(output.errors)),
  };
  compiled.set(subject.task, validators);
  return validators;
}

function compile(subject: Subject, side: 'input' | 'output'): ValidateFunction {
  // Strict: an unknown keyword or format is a misspelt one. `required` apart from `properties` is how alternatives are written.
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true, useDefaults: side === 'input' });
  // ajv-formats is CommonJS; under `nodenext` its default export is typed as the module.
  (addFormats as unknown as (target: Ajv2020) => void)(ajv);
  ajv.addKeyword({ keyword: PRESENT_WHEN, schemaType: ['object', 'array'] });
  try {
    return ajv.compile(subject.task[side]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConformanceError(subject.label, 'schemas', `${side} is not a valid JSON Schema: ${why}`, cause);
  }
}

/** What the schema says of this very call: which fields are there, and which are not. */
function presence(subject: Subject, output: unknown, input: unknown): string | undefined {
  if (typeof output !== 'object' || output === null) return undefined;
  const narrowed = outputOfInput(subject.task, input);
  const missing = ((narrowed.required as string[] | undefined) ?? []).find((name) => !(name in output));
  if (missing !== undefined) return `/${missing} is absent, though ${PRESENT_WHEN} says it is there for this input`;
  const gone = Object.keys(((subject.task.output as JsonSchema).properties ?? {}) as object).find(
    (name) => name in output && !(name in ((narrowed.properties ?? {}) as object)),
  );
  return gone === undefined ? undefined : `/${gone} is there, though ${PRESENT_WHEN} says it is not for this input`;
}

function describe(errors: ErrorObject[] | null | undefined): string {
  return [...new Set((errors ?? []).map(({ instancePath, message }) => `${instancePath || '/'} ${message ?? 'is invalid'}`))]
    .slice(0, 5)
    .join('; ');
}
