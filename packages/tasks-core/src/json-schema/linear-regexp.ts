import { RE2JS } from 're2js';
import { type Token, tokenize } from './regexp-tokens.ts';

/** As much of a regular expression as a validator needs. */
export interface LinearRegExp {
  test(text: string): boolean;
  /** Unique per pattern: Ajv tells patterns apart by it. */
  toString(): string;
}

/**
 * Compiles a JSON Schema `pattern` (ECMA-262, `u` flag) so that testing takes time linear in the text, whatever the pattern is.
 * Patterns that cannot backtrack much run on V8 itself, which is ten times faster; all others on RE2.
 * Throws `BadPattern`, which says what is wrong with the pattern, or what of it cannot be done in linear time.
 */
export function linearRegExp(pattern: string): LinearRegExp {
  try {
    return compile(pattern);
  } catch (cause) {
    throw new BadPattern(pattern, cause as Error);
  }
}

/** A pattern that cannot be used. */
export class BadPattern extends Error {
  override name = 'BadPattern';
  readonly pattern: string;

  constructor(pattern: string, cause: Error) {
    super(cause.message, { cause });
    this.pattern = pattern;
  }
}

function compile(pattern: string): LinearRegExp {
  const native = new RegExp(pattern, 'u');
  const tokens = tokenize(pattern);
  for (const token of tokens) {
    if (token.kind === 'unsupported')
      throw new Error(`${token.what} is not supported: patterns are matched in linear time, without backtracking`);
  }
  return isHarmless(tokens) ? native : re2(pattern, tokens);
}

function re2(pattern: string, tokens: Token[]): LinearRegExp {
  const tooMany = tokens.find((token) => token.kind === 'quantifier' && (token.min > 1000 || (token.max > 1000 && token.max < Infinity)));
  if (tooMany?.kind === 'quantifier')
    throw new Error(`the repetition ${tooMany.source} is above 1000; say it with minLength or maxLength instead`);
  const compiled = RE2JS.compile(tokens.map(toRe2).join(''));
  return { test: (text) => compiled.test(text), toString: () => `/${pattern}/u` };
}

function toRe2(token: Token): string {
  switch (token.kind) {
    case 'open':
      return '(?:';
    case 'close':
      return ')';
    case 'or':
      return '|';
    case 'unsupported':
      throw new Error(`${token.what} is not supported`);
    default:
      return token.source;
  }
}

/** Steps a match may take at one position of the text, and steps it may take at all. Chosen so that 1 MiB of text takes seconds at worst. */
const STEPS_PER_CHARACTER = 2_000;
const STEPS = 100_000;

/**
 * True when backtracking is bounded by construction: no repeated group, and at most one open-ended repetition, which then must be anchored.
 * Every other choice (alternatives, `?`, `{m,n}`) multiplies the number of ways a match can be tried.
 */
function isHarmless(tokens: Token[]): boolean {
  let ways = 1;
  let length = 0;
  let openEnded = 0;
  let depth = 0;
  let anchored = tokens[0]?.kind === 'assertion' && tokens[0].source === '^';
  const alternatives: number[] = [];
  for (const [index, token] of tokens.entries()) {
    const following = tokens[index + 1];
    if (token.kind === 'open') {
      alternatives.push(1);
      depth++;
    } else if (token.kind === 'or') {
      if (depth === 0) anchored = false;
      const last = alternatives.length - 1;
      if (last >= 0) alternatives[last] = (alternatives[last] as number) + 1;
      else ways++;
    } else if (token.kind === 'close') {
      if (following?.kind === 'quantifier') return false;
      ways *= alternatives.pop() ?? 1;
      depth--;
    } else if (token.kind === 'atom') {
      if (following?.kind !== 'quantifier') length += 1;
      else if (following.max === Infinity) {
        openEnded++;
        length += following.min;
      } else {
        ways *= following.max - following.min + 1;
        length += following.max;
      }
    }
  }
  const steps = ways * Math.max(length, 1);
  if (openEnded > 1) return false;
  if (openEnded === 1) return anchored && steps <= STEPS_PER_CHARACTER;
  return steps <= (anchored ? STEPS : STEPS_PER_CHARACTER);
}
