import { RE2JS } from 're2js';

/** Compiled patterns by source; the oldest goes when there are more than `KEPT`. */
const compiled = new Map<string, RE2JS | undefined>();
const KEPT = 500;

/** Longer patterns are refused rather than compiled: their automaton grows with them. */
const LONGEST = 2_000;

/** Compiles a JSON Schema `pattern` for the linear-time engine; `undefined` where it is not a pattern of that engine. */
function compile(pattern: string): RE2JS | undefined {
  if (pattern.length > LONGEST) return undefined;
  if (compiled.has(pattern)) return compiled.get(pattern);
  let regex: RE2JS | undefined;
  try {
    regex = RE2JS.compile(pattern);
  } catch {
    // Not RE2: a lookahead, a back-reference, a syntax error. The callers report it with its place.
    regex = undefined;
  }
  if (compiled.size >= KEPT) compiled.delete(compiled.keys().next().value as string);
  compiled.set(pattern, regex);
  return regex;
}

/** Whether `pattern` can be used at all: RE2 syntax, no longer than 2,000 characters. */
export function isPattern(pattern: string): boolean {
  return compile(pattern) !== undefined;
}

/** Whether `pattern` is found in `text`, in time linear to `text`; `undefined` where the pattern cannot be used. */
export function matchesPattern(pattern: string, text: string): boolean | undefined {
  return compile(pattern)?.matcher(text).find();
}
