import type { DeclaredTask } from '@summit/maestro-sdk';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** Compiled validators of one task. */
export interface TaskSchemas {
  /** Fills in the schema's defaults, in place. */
  input: ValidateFunction;
  output: ValidateFunction;
}

/** Compiles and keeps the validators of the worker's tasks. */
export class SchemaCache {
  readonly #input = ajv({ useDefaults: true });
  readonly #output = ajv({});
  readonly #compiled = new WeakMap<DeclaredTask, TaskSchemas>();

  of(task: DeclaredTask): TaskSchemas {
    let schemas = this.#compiled.get(task);
    if (schemas === undefined) {
      schemas = { input: this.#input.compile(task.input), output: this.#output.compile(task.output) };
      this.#compiled.set(task, schemas);
    }
    return schemas;
  }
}

/** One line per finding, at most five: `/files/0: must be string`. */
export function describeErrors(errors: ErrorObject[] | null | undefined): string {
  const lines = (errors ?? []).map(({ instancePath, message, params }) => {
    const extra = (params as { additionalProperty?: string }).additionalProperty;
    return `${instancePath || '/'} ${message ?? 'is invalid'}${extra === undefined ? '' : ` ("${extra}")`}`;
  });
  const shown = [...new Set(lines)];
  return shown.length > 5 ? `${shown.slice(0, 5).join('; ')}; and ${shown.length - 5} more` : shown.join('; ');
}

function ajv(options: { useDefaults?: boolean }): Ajv2020 {
  // ownProperties: a field may be called `constructor`.
  const instance = new Ajv2020({ allErrors: true, strict: false, ownProperties: true, ...options });
  // ajv-formats is CommonJS; under `nodenext` its default export is typed as the module.
  (addFormats as unknown as (target: Ajv2020) => void)(instance);
  return instance;
}
