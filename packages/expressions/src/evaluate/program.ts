import { TypeError as CelTypeError, EvaluationError, Optional, ParseError } from '@marcbachmann/cel-js';
import type { NodeOf } from '../ast.ts';
import { environment } from '../environment.ts';
import { ExpressionError, type ExpressionErrorCode, Failure } from '../errors.ts';
import { DEFAULT_LIMITS, type ExpressionLimits } from '../limits.ts';
import { parseExpression } from '../parse.ts';
import { type Evaluator, evaluatorOf, run } from './inside.ts';
import { instrument } from './instrument.ts';
import { jsonEvaluator } from './json.ts';
import { metered } from './meter.ts';
import { follow, type Path, pathOf } from './paths.ts';
import { mayRepeat } from './repeats.ts';
import { toJsonValue, toText } from './results.ts';
import { type EvaluationScope, Root } from './root.ts';

/** An expression ready to be evaluated. It holds no data between evaluations. */
export interface CompiledExpression {
  readonly source: string;
  /** The value as JSON. Throws {@link ExpressionError}. */
  evaluate(scope: EvaluationScope): unknown;
  /** The value as JSON, or {@link ABSENT} for an optional without one. Throws {@link ExpressionError}. */
  evaluateField(scope: EvaluationScope): unknown;
  /** The value as part of a longer text. Throws {@link ExpressionError}. */
  evaluateText(scope: EvaluationScope): string;
}

/** What the field of a mapping has that is left out. */
export const ABSENT = Symbol('absent');

const KEPT = 2_000;
const compiled = new WeakMap<ExpressionLimits, Map<string, CompiledExpression>>();

/** Prepares an expression; the most recently used ones are kept. Throws {@link ExpressionError} when it is not CEL, or too large. */
export function compileExpression(source: string, limits: ExpressionLimits = DEFAULT_LIMITS): CompiledExpression {
  let cache = compiled.get(limits);
  if (!cache) {
    cache = new Map();
    compiled.set(limits, cache);
  }
  let expression = cache.get(source);
  if (expression) {
    cache.delete(source);
  } else {
    expression = compile(source, limits);
    if (cache.size >= KEPT) cache.delete(cache.keys().next().value as string);
  }
  cache.set(source, expression);
  return expression;
}

function compile(source: string, limits: ExpressionLimits): CompiledExpression {
  const result = parseExpression(source, limits);
  if ('problem' in result) {
    const { code, message, start, end } = result.problem;
    throw new ExpressionError(code, `\`${shown(source)}\`: ${message}`, source, { range: { start, end } });
  }
  const { parsed } = result;
  const countOutside = mayRepeat(parsed.ast);
  const release = instrument(parsed.ast);
  const checked = parsed.check();
  if (!checked.valid) throw expressionError(source, checked.error);

  const ev = evaluatorOf(environment(limits));
  const { ast } = parsed;
  const json = jsonEvaluator(ast, countOutside);
  const field = (_: Evaluator, root: Root) => {
    const value = run(ev, ast, root);
    if (!(value instanceof Optional)) return toJsonValue(value, countOutside);
    return value.hasValue() ? toJsonValue(value.value(), countOutside) : ABSENT;
  };
  const text = (_: Evaluator, root: Root) => toText(run(ev, ast, root));
  const evaluate = <T>(convert: (ev: Evaluator, root: Root) => T, scope: EvaluationScope): T => {
    try {
      return metered(limits, convert, ev, new Root(scope));
    } catch (error) {
      throw expressionError(source, error);
    } finally {
      release?.();
    }
  };
  const path = pathOf(ast);
  const whole = path ? (scope: EvaluationScope) => read(scope, path, source) : (scope: EvaluationScope) => evaluate(json, scope);
  return {
    source,
    evaluate: whole,
    // Only what has a question mark, or is called so, can be optional.
    evaluateField: /\?|optional/i.test(source) ? (scope) => evaluate(field, scope) : whole,
    evaluateText: (scope) => evaluate(text, scope),
  };
}

/** What is only read is JSON already, and no work. */
function read(scope: EvaluationScope, path: Path, source: string): unknown {
  try {
    return follow(root(scope, path.variable), path);
  } catch (error) {
    throw expressionError(source, error);
  }
}

function root(scope: EvaluationScope, variable: NodeOf<'id'>): unknown {
  const name = variable.args;
  const value = Object.hasOwn(scope, name) ? scope[name as keyof EvaluationScope] : undefined;
  if (value === undefined) throw new Failure('expression-value', `\`${name}\` cannot be read here`, variable);
  return value;
}

/** cel-js's codes that mean a value rather than a type. */
const VALUE_CODES = new Set([
  'no_such_key',
  'index_out_of_bounds',
  'index_out_of_range',
  'division_by_zero',
  'modulo_by_zero',
  'numeric_overflow',
  'unknown_variable',
  'optional_value_missing',
  'invalid_timestamp',
  'invalid_duration',
  'bool_conversion_error',
  'double_conversion_error',
  'int_conversion_error',
  'uint_conversion_error',
]);

function expressionError(source: string, error: unknown): ExpressionError {
  const fail = (code: ExpressionErrorCode, message: string, range?: { start: number; end: number }) =>
    new ExpressionError(code, `\`${shown(source)}\`: ${message}`, source, { range, cause: error });
  if (error instanceof Failure) return fail(error.code, error.message, error.range);
  if (error instanceof EvaluationError || error instanceof CelTypeError || error instanceof ParseError) {
    if (error.code === 'unknown_variable') {
      const name = /\w+$/.exec(error.summary)?.[0];
      return fail('expression-value', `\`${name}\` cannot be read here`, error.range);
    }
    return fail(VALUE_CODES.has(error.code) ? 'expression-value' : 'expression-type', error.summary, error.range);
  }
  if (error instanceof RangeError) {
    if (/call stack|string length|array length/i.test(error.message))
      return fail('expression-limit', `too large or too deeply nested: ${error.message}`);
    // As `getHours("nowhere")` throws it.
    return fail('expression-value', error.message);
  }
  throw error;
}

function shown(source: string): string {
  const line = source.replace(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
