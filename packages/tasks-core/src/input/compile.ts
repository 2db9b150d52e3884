import { InvalidInputError } from '@summit/maestro-sdk';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { inputProblems } from './problems.ts';

/** Problems that a message spells out; `details` has all of them. */
const SPELLED_OUT = 5;

let shared: Ajv2020 | undefined;

/** Compiles the input schema of a task into a check that throws `INVALID_INPUT`. It changes nothing, and fills no defaults in. */
export function compileInput(schema: object, lists: readonly string[]): (payload: unknown) => void {
  shared ??= ajv();
  const validate = shared.compile(withoutItems(schema as { properties?: object }, lists));
  return (payload) => {
    try {
      if (validate(payload)) return;
      const problems = inputProblems(validate.errors ?? [], payload);
      const more = problems.length > SPELLED_OUT ? `; and ${problems.length - SPELLED_OUT} more` : '';
      throw new InvalidInputError(`${problems.slice(0, SPELLED_OUT).join('; ')}${more}`, { details: problems });
    } finally {
      // Or the validator would keep the input alive.
      validate.errors = null;
    }
  };
}

function withoutItems({ properties = {}, ...schema }: { properties?: object }, lists: readonly string[]): object {
  const short = Object.entries(properties).map(([name, property]) => {
    const { items: _, ...rest } = property as { items?: unknown };
    return [name, lists.includes(name) ? rest : property];
  });
  return { ...schema, properties: Object.fromEntries(short) };
}

function ajv(): Ajv2020 {
  // As the worker checks them. `verbose`: an error says which value it is about, and what its schema is.
  const instance = new Ajv2020({ allErrors: true, strict: false, ownProperties: true, verbose: true });
  // ajv-formats is CommonJS; under `nodenext` its default export is typed as the module.
  (addFormats as unknown as (target: Ajv2020) => void)(instance);
  return instance;
}
