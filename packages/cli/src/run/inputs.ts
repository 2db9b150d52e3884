import { createReadStream } from 'node:fs';
import path from 'node:path';
import { bindInputs, type InputProblem, type Parameter, type Plan, parseValue } from '@summit/maestro-manifest';
import type { JsonObject } from '@summit/maestro-sdk';
import { readBounded } from '../bounded.ts';
import { CliError, systemReason } from '../errors.ts';
import type { Io } from '../io.ts';
import type { Prompt } from '../terminal/prompt.ts';
import type { Channel } from '../terminal/terminal.ts';
import { printable } from '../text.ts';
import { refOf } from './view.ts';

/** Inputs as they are given on the command line. */
export interface InputOptions {
  /** `name=value` each. */
  input?: string[];
  /** A YAML or JSON file; `-` is standard input. */
  inputs?: string;
}

/** Larger ones are data, not inputs: those belong into files that a task reads. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Inputs as far as they are known. */
export interface GivenInputs {
  values: JsonObject;
  /** What is wrong with values that came as text; these stay text in `values`. */
  problems: InputProblem[];
}

/**
 * Reads the inputs that were given; those that came as text get the type of their parameter. Whether they are complete
 * is not checked here. Throws a {@link CliError} for what cannot be read and for an input that is given twice.
 */
export async function readInputs(
  options: InputOptions,
  parameters: readonly Parameter[],
  io: Pick<Io, 'cwd' | 'stdin'>,
): Promise<GivenInputs> {
  const given: GivenInputs = { values: options.inputs === undefined ? {} : await readInputsFile(options.inputs, io), problems: [] };
  const fromFile = new Set(Object.keys(given.values));
  for (const pair of options.input ?? []) {
    const [name, text] = splitPair(pair);
    if (Object.hasOwn(given.values, name)) {
      const where = fromFile.has(name) ? `in ${options.inputs} and as --input` : 'as --input';
      throw new CliError(`input "${name}" is given twice, ${where}`, { code: 'INPUT_TWICE', next: 'keep one of the two' });
    }
    const parameter = parameters.find((candidate) => candidate.name === name);
    const { value, problems } = fromText(text, name, parameter);
    define(given.values, name, value);
    given.problems.push(...problems);
  }
  return given;
}

/** Asks for every required input that is missing. Each answer is checked at once and asked for again when it is wrong. */
export async function askInputs(given: GivenInputs, parameters: readonly Parameter[], prompt: Prompt, out: Channel): Promise<GivenInputs> {
  const values = { ...given.values };
  for (const parameter of parameters) {
    const { name, required, description } = parameter;
    if (!required || parameter.default !== undefined || Object.hasOwn(values, name)) continue;
    const about = description === undefined ? '' : out.colors.dim(` ${printable(description)}`);
    for (;;) {
      const answer = await prompt.ask(`${out.colors.bold(name)} (${kindOf(parameter)})${about}:`);
      const { value, problems } = fromText(answer, name, parameter);
      if (problems.length === 0) {
        define(values, name, value);
        break;
      }
      for (const problem of problems) out.line(`  ${printable(sentence(problem))}`);
    }
  }
  return { values, problems: given.problems };
}

/** Checks all inputs at once and fills in defaults. Throws `INPUT_INVALID` with everything that is wrong. */
export function checkInputs(given: GivenInputs, plan: Plan): JsonObject {
  const known = new Set(given.problems.map((problem) => problem.name));
  const bound = bindInputs(plan.inputs, given.values);
  const problems = [...given.problems, ...bound.problems.filter((problem) => !known.has(problem.name))];
  if (problems.length === 0 && bound.values !== undefined) return bound.values;
  const ref = refOf(plan);
  throw new CliError(`the inputs of ${ref} are wrong`, {
    code: 'INPUT_INVALID',
    problems: problems.map(sentence),
    next: `\`maestro plan ${ref}\` shows the inputs; give them with --input name=value or --inputs file.yaml`,
  });
}

function splitPair(pair: string): [name: string, text: string] {
  const at = pair.indexOf('=');
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
  throw new CliError(at === 0 ? `--input ${JSON.stringify(pair)} has no name before "="` : `--input ${JSON.stringify(pair)} has no "="`, {
    code: 'USAGE',
    next: at === 0 ? 'write --input name=value' : `write --input ${pair}=value`,
  });
}

/** Text as a value of the parameter's type. Where it is none it stays text, with the reason. */
function fromText(text: string, name: string, parameter: Parameter | undefined): { value: JsonObject[string]; problems: InputProblem[] } {
  if (parameter === undefined) return { value: text, problems: [] };
  const { values, problems } = bindInputs([parameter], { [name]: text }, { coerce: true });
  return { value: values?.[name] ?? text, problems };
}

function sentence({ message, hint }: InputProblem): string {
  return hint === undefined ? message : `${message} (${hint})`;
}

function kindOf(parameter: Parameter): string {
  if (parameter.enum !== undefined) return parameter.enum.map((value) => JSON.stringify(value)).join(' | ');
  return parameter.type === 'object' || parameter.type === 'array' ? `${parameter.type}, as JSON on one line` : parameter.type;
}

async function readInputsFile(name: string, io: Pick<Io, 'cwd' | 'stdin'>): Promise<JsonObject> {
  const shown = name === '-' ? 'standard input' : name;
  const value = readValue(shown, await readText(name, io));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable(
      shown,
      `expected input names with their values, found ${value === null ? 'nothing' : Array.isArray(value) ? 'a list' : JSON.stringify(value).slice(0, 60)}`,
    );
  }
  return value as JsonObject;
}

/** JSON as it is, which is quick however large; everything else as YAML. */
function readValue(shown: string, text: string): unknown {
  try {
    return readJson(text);
  } catch (error) {
    if (error instanceof InexactInteger) {
      throw unreadable(shown, `the integer ${error.message} is too large to be exact (quote it: "${error.message}")`);
    }
    // Not JSON: what is wrong with it as YAML says more.
  }
  const { value, diagnostics } = parseValue({ path: shown, text });
  const [problem] = diagnostics;
  if (problem === undefined) return value;
  const { line, col } = problem.range.start;
  throw unreadable(`${shown}:${line}:${col}`, `${problem.message}${problem.hint === undefined ? '' : ` (${problem.hint})`}`);
}

class InexactInteger extends Error {}

/** JSON whose integers are exact, as those of YAML are; a task would get another number than the one that stands there. */
function readJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const exact = (_: string, value: unknown, { source = '' }: { source?: string } = {}) => {
    if (typeof value === 'number' && /^-?\d+$/.test(source) && !Number.isSafeInteger(value)) throw new InexactInteger(source.slice(0, 60));
    return value;
  };
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}

async function readText(name: string, io: Pick<Io, 'cwd' | 'stdin'>): Promise<string> {
  let text: string | undefined;
  try {
    text = await readBounded(name === '-' ? io.stdin : createReadStream(path.resolve(io.cwd, name)), MAX_FILE_BYTES);
  } catch (cause) {
    throw unreadable(name === '-' ? 'standard input' : name, systemReason(cause), cause);
  }
  if (text !== undefined) return text;
  throw unreadable(
    name === '-' ? 'standard input' : name,
    `it has more than ${MAX_FILE_BYTES} bytes; put large data into files that a task reads`,
  );
}

function unreadable(where: string, why: string, cause?: unknown): CliError {
  return new CliError(`cannot read the inputs from ${where}: ${why}`, {
    code: 'INPUTS_UNREADABLE',
    next: 'give a YAML or JSON file that holds input names with their values',
    cause,
  });
}

/** Sets an own property whatever its name, `__proto__` included. */
function define(target: JsonObject, name: string, value: JsonObject[string]): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
