import { RE2JS } from 're2js';

/** Compiled patterns by source; the oldest goes when there are more than `KEPT`. */
const compiled = new Map<string, Compiled>();
const KEPT = 500;

/** Longer patterns are refused rather than compiled: their automaton grows with them. */
const LONGEST = 2_000;

/** Instructions of the automaton. Repetitions multiply: `(a{30}){30}` has 963, and a text costs each of them once per character. */
const LARGEST = 4_000;

interface Compiled {
  /** Absent where the pattern cannot be used. */
  regex?: RE2JS;
  /** Instructions of the automaton, also of one that is too large. */
  size: number;
}

/** Compiles a JSON Schema `pattern` for the linear-time engine. */
function compile(pattern: string): Compiled {
  if (pattern.length > LONGEST) return { size: 0 };
  let found = compiled.get(pattern);
  if (found) return found;
  try {
    const regex = RE2JS.compile(pattern);
    const size = regex.programSize();
    found = size > LARGEST ? { size } : { regex, size };
  } catch {
    // Not RE2: a lookahead, a back-reference, a syntax error. The callers report it with its place.
    found = { size: pattern.length };
  }
  if (compiled.size >= KEPT) compiled.delete(compiled.keys().next().value as string);
  compiled.set(pattern, found);
  return found;
}

/** Whether `pattern` can be used at all: RE2 syntax, no longer than 2,000 characters, repetitions that do not multiply without end. */
export function isPattern(pattern: string): boolean {
  return compile(pattern).regex !== undefined;
}

/** What compiling takes, in microseconds or so; whether it has been done before makes no difference. */
export function patternSteps(pattern: string): number {
  return compile(pattern).size * 4;
}

/**
 * Whether `pattern` is found in `text`, in time linear to `text`; `undefined` where the pattern cannot be used, or `spend` does
 * not grant the steps it takes.
 */
export function matchesPattern(pattern: string, text: string, spend: (steps: number) => boolean = () => true): boolean | undefined {
  if (!spend(10)) return undefined;
  const { regex, size } = compile(pattern);
  // About 20 ns for each character and instruction.
  if (!spend(size * 4 + (size * text.length) / 50)) return undefined;
  return regex?.test(text);
}
