import type { DeclaredTask } from './task.ts';

const NAME = /^(?:tasks|connectors|ops)\/[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*$/;
const VERSION =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?$/;
const EFFECTS = ['none', 'read', 'write'];

/** How a declaration is shown in an error, when it has no name to be called by. */
export function taskLabel(task: unknown): string {
  const { name, version } = (typeof task === 'object' && task !== null ? task : {}) as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') return 'a task without a name';
  return typeof version === 'string' ? `${name}@${version}` : name;
}

/** Everything that is missing or malformed in a task's declaration, one sentence each; empty when it may be published. */
export function declarationProblems(task: unknown): string[] {
  if (typeof task !== 'object' || task === null)
    return [`expected a task made by defineTask, found ${task === null ? 'null' : typeof task}`];
  const declared = task as Partial<Record<keyof DeclaredTask, unknown>>;
  const problems: string[] = [];
  const check = (ok: boolean, problem: string) => {
    if (!ok) problems.push(problem);
  };
  check(matches(declared.name, NAME), `name: expected tasks/x, connectors/x.y or ops/x.y in lower case, found ${show(declared.name)}`);
  check(matches(declared.version, VERSION), `version: expected a semantic version such as 0.1.0, found ${show(declared.version)}`);
  check(matches(declared.title, /^\S(?:[^\n]*\S)?$/), `title: expected one line of text, found ${show(declared.title)}`);
  check(matches(declared.description, /\S/), `description: expected text, found ${show(declared.description)}`);
  check(EFFECTS.includes(declared.effect as string), `effect: expected one of none, read, write, found ${show(declared.effect)}`);
  for (const key of ['input', 'output'] as const) {
    check(isObject(declared[key]), `${key}: expected a JSON Schema, found ${show(declared[key])}`);
  }
  check(typeof declared.execute === 'function', `execute: expected a function, found ${show(declared.execute)}`);
  for (const key of ['init', 'validate', 'resources', 'pure'] as const) {
    check(declared[key] === undefined || typeof declared[key] === 'function', `${key}: expected a function, found ${show(declared[key])}`);
  }
  check(
    declared.durable === undefined || typeof declared.durable === 'boolean',
    `durable: expected true or false, found ${show(declared.durable)}`,
  );
  check(
    declared.deprecated === undefined || matches(declared.deprecated, /\S/),
    `deprecated: expected text saying what to use instead, found ${show(declared.deprecated)}`,
  );
  check(
    declared.secrets === undefined || isListOf(declared.secrets, (name) => matches(name, /^[A-Za-z_][A-Za-z0-9_.-]*$/)),
    `secrets: expected a list of names such as SLACK_BOT_TOKEN, found ${show(declared.secrets)}`,
  );
  check(
    declared.timeout === undefined || isPositive(declared.timeout),
    `timeout: expected milliseconds above 0, found ${show(declared.timeout)}`,
  );
  if (declared.pure !== undefined) {
    check(declared.effect === 'none', `pure: only a task with effect: none can be computed again, found effect: ${show(declared.effect)}`);
    check(declared.durable !== true, 'pure: a durable task waits, and cannot be computed again');
    check(!Array.isArray(declared.secrets) || declared.secrets.length === 0, 'pure: what depends on secrets cannot be computed again');
    check(declared.init === undefined, 'pure: what init prepared may differ when it is computed again');
  }
  problems.push(...retryProblems(declared.retry), ...exampleProblems(declared.examples));
  return problems;
}

function retryProblems(retry: unknown): string[] {
  if (retry === undefined) return [];
  if (!isObject(retry)) return [`retry: expected { maxAttempts, ... }, found ${show(retry)}`];
  const problems: string[] = [];
  const { maxAttempts, initialInterval, maxInterval, factor } = retry as Record<string, unknown>;
  if (!isPositive(maxAttempts) || !Number.isInteger(maxAttempts)) {
    problems.push(`retry.maxAttempts: expected a whole number above 0, found ${show(maxAttempts)}`);
  }
  for (const [key, value] of Object.entries({ initialInterval, maxInterval })) {
    if (value !== undefined && !isPositive(value)) problems.push(`retry.${key}: expected milliseconds above 0, found ${show(value)}`);
  }
  if (factor !== undefined && !(isPositive(factor) && factor >= 1))
    problems.push(`retry.factor: expected a number >= 1, found ${show(factor)}`);
  return problems;
}

function exampleProblems(examples: unknown): string[] {
  if (!Array.isArray(examples)) return [`examples: expected a list, found ${show(examples)}`];
  return examples.flatMap((example: unknown, index) => {
    if (!isObject(example)) return [`examples[${index}]: expected { title, input, output?, error? }, found ${show(example)}`];
    const { title, input, output, error } = example as Record<string, unknown>;
    const problems: string[] = [];
    if (!matches(title, /\S/)) problems.push(`examples[${index}].title: expected text, found ${show(title)}`);
    if (input === undefined) problems.push(`examples[${index}].input: missing`);
    if (error !== undefined && !matches(error, /\S/))
      problems.push(`examples[${index}].error: expected an error code, found ${show(error)}`);
    if (output !== undefined && error !== undefined)
      problems.push(`examples[${index}]: has both output and error; a call ends in one of them`);
    return problems;
  });
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function isListOf(value: unknown, each: (entry: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(each);
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
