import type { Environment } from '@marcbachmann/cel-js';
import { RE2JS, RE2JSException } from 're2js';
import { Failure } from '../errors.ts';
import { currentLimits, remembered, spend } from '../evaluate/meter.ts';

/** The global form of `matches`, which cel-js lacks; the method is replaced, see `methods.ts`. */
export function registerPatterns(env: Environment): void {
  env.registerFunction('matches(string, string): bool', matches, { async: false });
}

/** Patterns compiled lately, over all evaluations; the oldest goes first. */
const recent = new Map<string, RE2JS>();
const KEPT = 200;

/** Whether `pattern` (RE2 syntax) is found in `text`. Takes time linear in the text, whatever the pattern. */
export function matches(text: string, pattern: string): boolean {
  const regex = remembered(pattern, () => compile(pattern));
  spend(1 + ((text.length + 1) * (16 + regex.programSize())) / 512);
  return regex.test(text);
}

function compile(pattern: string): RE2JS {
  const limit = currentLimits().patternLength;
  if (pattern.length > limit) {
    throw new Failure('expression-limit', `a regular expression of ${pattern.length} characters; the limit is ${limit}`);
  }
  // Compiling takes up to milliseconds: a different pattern per element of a list must not be cheap.
  spend(1_000 + pattern.length * 20);
  let regex = recent.get(pattern);
  if (!regex) {
    regex = parse(pattern);
    if (recent.size >= KEPT) recent.delete(recent.keys().next().value as string);
    recent.set(pattern, regex);
  }
  return regex;
}

/** Why a text is no pattern, `undefined` if it is one. */
export function patternMistake(pattern: string): string | undefined {
  try {
    parse(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

function parse(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, '');
    throw new Failure('expression-value', `not a regular expression (RE2 syntax, so no lookaround or back references): ${reason}`);
  }
}
