import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { bindInputs, type Parameter } from '@summit/maestro-manifest';
import type { JsonObject } from '@summit/maestro-sdk';
import { LineCounter, parseDocument } from 'yaml';
import { CliError, systemReason } from '../errors.ts';
import type { Io } from '../io.ts';
import type { Prompt } from '../terminal/prompt.ts';
import type { Channel } from '../terminal/terminal.ts';
import { printable } from '../text.ts';

/** Inputs as they are given on the command line. */
export interface InputOptions {
  /** `name=value` each. */
  input?: string[];
  /** A YAML or JSON file; `-` is standard input. */
  inputs?: string;
}

/** Larger ones are data, not inputs: those belong into files that a task reads. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/**
 * Reads the inputs that were given, typed as `parameters` say where they came as text. Whether they are complete and
 * right is not checked here. Throws a {@link CliError} for what cannot be read and for an input that is given twice.
 */
export async function readInputs(
  options: InputOptions,
  parameters: readonly Parameter[],
  io: Pick<Io, 'cwd' | 'stdin'>,
): Promise<JsonObject> {
  const given: JsonObject = options.inputs === undefined ? {} : await readInputsFile(options.inputs, io);
  const fromFile = new Set(Object.keys(given));
  for (const pair of options.input ?? []) {
    const at = pair.indexOf('=');
    if (at <= 0) {
      throw new CliError(`--input ${JSON.stringify(pair)} has no ${at === 0 ? 'name before' : ''} "="`.replace('  ', ' '), {
        code: 'USAGE',
        next: `write --input ${at === 0 ? 'name' : pair}=value`,
      });
    }
    const name = pair.slice(0, at);
    if (Object.hasOwn(given, name)) {
      const where = fromFile.has(name) ? `in ${options.inputs} and as --input` : 'as --input';
      throw new CliError(`input "${name}" is given twice, ${where}`, { code: 'INPUT_TWICE', next: 'keep one of the two' });
    }
    const parameter = parameters.find((candidate) => candidate.name === name);
    define(given, name, typed(pair.slice(at + 1), parameter));
  }
  return given;
}

/** Asks for every required input that is missing. Each answer is checked at once and asked for again when it is wrong. */
export async function askInputs(given: JsonObject, parameters: readonly Parameter[], prompt: Prompt, out: Channel): Promise<JsonObject> {
  const inputs = { ...given };
  for (const parameter of parameters) {
    if (!parameter.required || parameter.default !== undefined || Object.hasOwn(inputs, parameter.name)) continue;
    const about = parameter.description === undefined ? '' : out.colors.dim(` ${printable(parameter.description)}`);
    for (;;) {
      const answer = await prompt.ask(`${out.colors.bold(parameter.name)} (${kindOf(parameter)})${about}:`);
      const value = typed(answer, parameter);
      const { problems } = bindInputs([parameter], { [parameter.name]: value });
      if (problems.length === 0) {
        define(inputs, parameter.name, value);
        break;
      }
      for (const { message, hint } of problems) out.line(`  ${printable(hint ? `${message} (${hint})` : message)}`);
    }
  }
  return inputs;
}

/** Checks all inputs at once. Throws `INPUT_INVALID` with everything that is wrong. */
export function checkInputs(given: JsonObject, parameters: readonly Parameter[], ref: string): JsonObject {
  const { values, problems } = bindInputs(parameters, given);
  if (problems.length > 0 || values === undefined) {
    throw new CliError(`the inputs of ${ref} are wrong`, {
      code: 'INPUT_INVALID',
      problems: problems.map(({ message, hint }) => (hint ? `${message} (${hint})` : message)),
      next: `\`maestro plan ${ref}\` shows the inputs; give them with --input name=value or --inputs file.yaml`,
    });
  }
  return values;
}

/** Text as a value of the parameter's type; text that is none stays text, so that the check can name it. */
function typed(text: string, parameter: Parameter | undefined): JsonObject[string] {
  switch (parameter?.type) {
    case 'integer':
    case 'number':
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'object':
    case 'array': {
      const document = parseDocument(text);
      return document.errors.length > 0 ? text : (document.toJS() as JsonObject[string]);
    }
    default:
      return text;
  }
}

function kindOf(parameter: Parameter): string {
  if (parameter.enum !== undefined) return parameter.enum.map((value) => JSON.stringify(value)).join(' | ');
  return parameter.type === 'object' || parameter.type === 'array' ? `${parameter.type}, as JSON or YAML on one line` : parameter.type;
}

async function readInputsFile(name: string, io: Pick<Io, 'cwd' | 'stdin'>): Promise<JsonObject> {
  const shown = name === '-' ? 'standard input' : name;
  const text = await readText(name, io);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw unreadable(`${shown}:${line}:${col}`, `neither YAML nor JSON: ${error.message}`);
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (cause) {
    throw unreadable(shown, (cause as Error).message, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable(
      shown,
      `expected input names with their values, found ${value === null ? 'nothing' : Array.isArray(value) ? 'a list' : JSON.stringify(value)}`,
    );
  }
  return value as JsonObject;
}

async function readText(name: string, io: Pick<Io, 'cwd' | 'stdin'>): Promise<string> {
  if (name === '-') return readAll(io.stdin);
  const file = path.resolve(io.cwd, name);
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES)
      throw unreadable(name, `it has ${size} bytes, inputs at most ${MAX_FILE_BYTES}; put large data into files that a task reads`);
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw unreadable(name, systemReason(cause), cause);
  }
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
