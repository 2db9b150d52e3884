import type { Node, Path } from '../parse/node.ts';
import { found, shown } from './describe.ts';
import { formatTitle, hasFormat } from './formats.ts';
import { matchesPattern, patternSteps } from './pattern.ts';
import type { Checking, SchemaProblem } from './problem.ts';
import { keyword } from './refs.ts';

type Schema = { [keyword: string]: unknown };

/** What checking a text needs of a checker. */
type Checks = Pick<Checking, 'spend' | 'options'>;

/** Length, pattern and format; the first that fails is told. */
export function checkString(checker: Checks, schema: Schema, node: Node, text: string, path: Path): SchemaProblem[] {
  const wrong = lengthProblem(schema, text) ?? patternProblem(checker, schema, text) ?? formatProblem(checker, schema, text);
  return wrong === undefined ? [] : [{ kind: 'value', node, path, text: `${wrong}, found ${found(node)}` }];
}

function lengthProblem(schema: Schema, text: string): string | undefined {
  const least = keyword(schema, 'minLength');
  const most = keyword(schema, 'maxLength');
  if (typeof least !== 'number' && typeof most !== 'number') return undefined;
  // JSON Schema counts code points.
  let length = 0;
  for (const _ of text) length++;
  if (typeof least === 'number' && length < least) return least === 1 ? 'must not be empty' : `must have at least ${least} characters`;
  if (typeof most === 'number' && length > most) return `must have at most ${most} characters`;
  return undefined;
}

function patternProblem(checker: Checks, schema: Schema, text: string): string | undefined {
  const pattern = keyword(schema, 'pattern');
  if (typeof pattern !== 'string') return undefined;
  const { options } = checker;
  const matches = options.trustedPatterns
    ? new RegExp(pattern, 'u').test(text)
    : matchesPattern(pattern, text, (steps) => checker.spend(steps));
  if (matches !== false) return undefined;
  // The keyword by which editors, too, explain a pattern.
  const message = keyword(schema, 'patternErrorMessage');
  return typeof message === 'string' ? message : `must match ${shown(pattern)}`;
}

function formatProblem(checker: Checks, schema: Schema, text: string): string | undefined {
  const format = keyword(schema, 'format');
  if (format === 're2' && (!checker.spend(10) || !checker.spend(patternSteps(text)))) return undefined;
  return typeof format === 'string' && !hasFormat(format, text) ? `must be ${formatTitle(format)}` : undefined;
}

/** Bounds and multiples; the first that fails is told. */
export function checkNumber(schema: Schema, node: Node, value: number, path: Path): SchemaProblem[] {
  const wrong = boundProblem(schema, value);
  return wrong === undefined ? [] : [{ kind: 'value', node, path, text: `${wrong}, found ${value}` }];
}

function boundProblem(schema: Schema, value: number): string | undefined {
  const bound = (name: string) => {
    const limit = keyword(schema, name);
    return typeof limit === 'number' ? limit : undefined;
  };
  const minimum = bound('minimum');
  const maximum = bound('maximum');
  const above = bound('exclusiveMinimum');
  const below = bound('exclusiveMaximum');
  const step = bound('multipleOf');
  if (minimum !== undefined && value < minimum) return `must be >= ${minimum}`;
  if (maximum !== undefined && value > maximum) return `must be <= ${maximum}`;
  if (above !== undefined && value <= above) return `must be > ${above}`;
  if (below !== undefined && value >= below) return `must be < ${below}`;
  if (step !== undefined && step > 0 && !isMultiple(value, step)) return `must be a multiple of ${step}`;
  return undefined;
}

/** 0.3 is a multiple of 0.1, although 0.3 / 0.1 is not a whole number in binary. */
function isMultiple(value: number, step: number): boolean {
  const quotient = value / step;
  return Number.isFinite(quotient) && Math.abs(quotient - Math.round(quotient)) <= Math.abs(quotient) * Number.EPSILON;
}
