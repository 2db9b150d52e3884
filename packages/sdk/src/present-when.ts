import type { JsonSchema } from './contract.ts';

/**
 * The annotation on a field of an output that says when it is there: `{ as: ['artifact'] }`, when the input's `as` is (or defaults to) one
 * of these; `null` stands for a field that is not given, and `{ paginate: 'given' }` for one that is, whatever its value. Under several names
 * all must hold, and of a list of such conditions one; with `'maybe'` in the list the field may be there also where none does.
 * The field stays out of `required`: to JSON Schema it may be absent.
 */
export const PRESENT_WHEN = 'x-present-when';

/** The value of a field of the input, where it is known: `undefined` where it is not given. `given`: it has one, which is not known. */
export type GivenField = (name: string) => { value: unknown } | 'given' | 'unknown';

/** A task, or its contract: its schemas are JSON Schema as data. */
interface Schemas {
  input: object;
  output: object;
}

const narrowed = new WeakMap<object, Map<string, JsonSchema>>();

/**
 * The output schema of a task for a call whose input is known in part: a field that {@link PRESENT_WHEN} says is there is required, one that it says is
 * not is gone. What depends on unknown values stays as it is. Equal answers are the same object.
 */
export function outputOfCall(task: Schemas, given: GivenField): JsonSchema {
  const [input, output] = [task.input as JsonSchema, task.output as JsonSchema];
  const { properties } = output as { properties?: Record<string, JsonSchema> };
  const conditional = Object.entries(properties ?? {}).filter(([, schema]) => schema[PRESENT_WHEN] !== undefined);
  if (conditional.length === 0) return output;
  const answers = conditional.map(
    ([name, schema]) => [name, isPresent(schema[PRESENT_WHEN] as Condition | Condition[], input, given)] as const,
  );
  const key = answers.map(([, answer]) => answer).join();
  let known = narrowed.get(output);
  if (known === undefined) {
    known = new Map();
    narrowed.set(output, known);
  }
  let schema = known.get(key);
  if (schema === undefined) {
    const absent = new Set(answers.filter(([, answer]) => answer === false).map(([name]) => name));
    const present = answers.filter(([, answer]) => answer === true).map(([name]) => name);
    schema = {
      ...output,
      properties: Object.fromEntries(Object.entries(properties ?? {}).filter(([name]) => !absent.has(name))),
      required: [...new Set([...((output.required as string[] | undefined) ?? []), ...present])],
    };
    known.set(key, schema);
  }
  return schema;
}

/** {@link outputOfCall} for an input that is there. */
export function outputOfInput(task: Schemas, payload: unknown): JsonSchema {
  const fields = (typeof payload === 'object' && payload !== null ? payload : {}) as Record<string, unknown>;
  return outputOfCall(task, (name) => ({ value: Object.hasOwn(fields, name) ? fields[name] : undefined }));
}

type Condition = Record<string, readonly unknown[] | 'given'> | 'maybe';

function isPresent(conditions: Condition | readonly Condition[], input: JsonSchema, given: GivenField): boolean | 'unknown' {
  const answers = [conditions].flat().map((condition) => holds(condition as Condition, input, given));
  if (answers.includes(true)) return true;
  return answers.includes('unknown') ? 'unknown' : false;
}

function holds(condition: Condition, input: JsonSchema, given: GivenField): boolean | 'unknown' {
  if (condition === 'maybe') return 'unknown';
  let unknown = false;
  for (const [name, values] of Object.entries(condition)) {
    const found = given(name);
    if (found === 'unknown' || (found === 'given' && values !== 'given')) unknown = true;
    else if (found !== 'given') {
      const value = found.value ?? defaultOf(input, name) ?? null;
      if (values === 'given' ? value === null : !values.includes(value)) return false;
    }
  }
  return unknown ? 'unknown' : true;
}

function defaultOf(input: JsonSchema, name: string): unknown {
  const properties = (input.properties ?? {}) as Record<string, JsonSchema>;
  return Object.hasOwn(properties, name) ? properties[name]?.default : undefined;
}
