import { ParseError, type ParseResult } from '@marcbachmann/cel-js';
import { measure } from './ast.ts';
import { environment } from './environment.ts';
import type { ExpressionLimits } from './limits.ts';
import { cut } from './text/words.ts';

export interface SyntaxProblem {
  code: 'expression-syntax' | 'expression-limit';
  message: string;
  start: number;
  end: number;
  hint?: string;
  /** Mends it, put in place of the range. */
  replacement?: string;
}

/** The syntax tree of an expression within its limits, with cel-js's evaluator bound to it. */
export function parseExpression(source: string, limits: ExpressionLimits): { parsed: ParseResult } | { problem: SyntaxProblem } {
  if (source.length > limits.sourceLength) {
    return tooLarge(source, `the expression is ${source.length} characters long; the limit is ${limits.sourceLength}`);
  }
  // The parser descends once per sign without counting: `!!!…` is the one way to go deep before the tree can be measured.
  if (/(?:[!-]\s*){33}/.test(source)) return tooLarge(source, 'more than 32 signs `!` or `-` in a row');
  let parsed: ParseResult;
  try {
    parsed = environment(limits).parse(source);
  } catch (error) {
    if (error instanceof ParseError) return { problem: syntaxProblem(source, error, limits) };
    if (error instanceof RangeError) return tooLarge(source, 'the expression is nested too deeply');
    throw error;
  }
  const { nodes, depth } = measure(parsed.ast);
  if (nodes > limits.nodes) return tooLarge(source, `the expression has ${nodes} operations and operands; the limit is ${limits.nodes}`);
  if (depth > limits.depth) return tooLarge(source, `the expression is ${depth} operations deep; the limit is ${limits.depth}`);
  return { parsed };
}

function tooLarge(source: string, message: string): { problem: SyntaxProblem } {
  const hint = 'move constant data into a parameter, or split the work over several tasks';
  return { problem: { code: 'expression-limit', message, start: 0, end: source.length, hint } };
}

const TOKENS: { [name: string]: string } = {
  EOF: 'the end',
  NUMBER: 'a number',
  STRING: 'a string',
  BOOLEAN: 'a boolean',
  NULL: '`null`',
  IDENTIFIER: 'a name',
  BYTES: 'bytes',
  LPAREN: '`(`',
  RPAREN: '`)`',
  LBRACKET: '`[`',
  RBRACKET: '`]`',
  LBRACE: '`{`',
  RBRACE: '`}`',
  COLON: '`:`',
  COMMA: '`,`',
  DOT: '`.`',
  QUESTION: '`?`',
};

/** What people write who know another language, and how CEL says it. */
const ELSEWHERE: { [token: string]: { hint: string; replacement?: string } } = {
  '=': { hint: 'compare with `==`', replacement: '==' },
  '&': { hint: 'CEL says `&&`', replacement: '&&' },
  '|': { hint: 'CEL says `||`; it has no pipes' },
  and: { hint: 'CEL says `&&`', replacement: '&&' },
  or: { hint: 'CEL says `||`', replacement: '||' },
  not: { hint: 'CEL says `!`', replacement: '!' },
  $: { hint: 'inside `${}` an expression needs no other `${}`' },
  '`': { hint: 'strings take double or single quotes; a name with a hyphen is an index: params["my-name"]' },
  ';': { hint: 'an expression is one value; there are no statements' },
};

function syntaxProblem(source: string, error: ParseError, limits: ExpressionLimits): SyntaxProblem {
  const start = Math.min(error.range?.start ?? 0, source.length);
  const end = Math.max(Math.min(error.range?.end ?? source.length, source.length), start);
  const range = { start, end };
  const found = cut(source.slice(start, end), 60);
  if (error.code === 'limit_exceeded') return { code: 'expression-limit', message: limitMessage(error.summary, limits), ...range };

  const problem = (message: string, hint?: string, replacement?: string): SyntaxProblem => ({
    code: 'expression-syntax',
    message,
    ...range,
    ...(hint === undefined ? {} : { hint }),
    ...(replacement === undefined ? {} : { replacement }),
  });
  if (error.code === 'reserved_identifier') return problem(`\`${found}\` is a reserved word of CEL`);
  if (error.code === 'invalid_macro_argument')
    return problem(`${error.summary}: \`${found}\``, 'the first argument names the element: rows.map(row, row.id)');
  if (error.code.startsWith('unexpected_') || error.code === 'expected_token') {
    const expected = /^Expected (\w+)/.exec(error.summary)?.[1];
    const wanted = expected === undefined ? '' : `; expected ${TOKENS[expected] ?? expected}`;
    if (found === '') return problem(`the expression ends too early${wanted}`);
    if (found === '.' && source[start - 1] === '?')
      return problem('unexpected `.` after `?`', 'optional access is written `a.?b.orValue(c)`');
    const equals = found === '=' ? strictEquality(source, start) : undefined;
    if (equals) {
      const hint = 'CEL compares values and types with two characters: `==`, `!=`';
      return {
        ...problem(`unexpected \`${source.slice(equals.start, equals.end)}\`${wanted}`, hint, equals.meant),
        start: equals.start,
        end: equals.end,
      };
    }
    const elsewhere = ELSEWHERE[found] ?? ELSEWHERE[previousName(source, start)];
    return problem(`unexpected \`${found}\`${wanted}`, elsewhere?.hint, ELSEWHERE[found]?.replacement);
  }
  return problem(lowerFirst(error.summary));
}

/** `===` and `!==` of JavaScript, of which the parser only stumbles over the last character. */
function strictEquality(source: string, at: number): { start: number; end: number; meant: string } | undefined {
  const written = source.slice(Math.max(0, at - 2), at + 1);
  return written === '===' || written === '!==' ? { start: at - 2, end: at + 1, meant: written.slice(0, 2) } : undefined;
}

/** In `not x` the parser stumbles over `x`. */
function previousName(source: string, at: number): string {
  return /([A-Za-z_]\w*)\s+$/.exec(source.slice(Math.max(0, at - 100), at))?.[1] ?? '';
}

function limitMessage(summary: string, limits: ExpressionLimits): string {
  if (summary.includes('maxDepth')) return `brackets and calls are nested more than ${limits.nesting} deep`;
  if (summary.includes('maxAstNodes')) return `the expression has more than ${limits.nodes} operations and operands`;
  return lowerFirst(summary);
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
