import { ExpressionError } from '../errors.ts';
import { DEFAULT_LIMITS, type ExpressionLimits } from '../limits.ts';
import type { Template } from '../template.ts';
import { ABSENT, compileExpression } from './program.ts';
import { setField } from './results.ts';
import type { EvaluationScope } from './root.ts';

/**
 * A secret by its name, as it stands in an evaluated template: only the worker turns it into text, at `execute`.
 * A class, because data from inputs and outputs passes through templates as well: an object that merely looks
 * like a reference must not become one.
 */
export class SecretReference {
  readonly $secret: string;

  constructor(name: string) {
    this.$secret = name;
  }
}

/** Evaluates expressions and templates within limits. It keeps no data, only compiled expressions. */
export interface Evaluator {
  /** The value of an expression as JSON. Throws {@link ExpressionError}. */
  evaluate(source: string, scope: EvaluationScope): unknown;
  /**
   * A template with its expressions replaced by their values, as JSON; secrets stay {@link SecretReference}s, and fields whose
   * value is an optional without one are left out. Values taken
   * from the scope are not copied. Throws {@link ExpressionError}.
   */
  evaluateTemplate(template: Template, scope: EvaluationScope): unknown;
}

/** An evaluator, with other limits than {@link DEFAULT_LIMITS} where they are given. */
export function createEvaluator(limits: Partial<ExpressionLimits> = {}): Evaluator {
  const all = Object.keys(limits).length === 0 ? DEFAULT_LIMITS : Object.freeze({ ...DEFAULT_LIMITS, ...limits });
  return {
    evaluate: (source, scope) => compileExpression(source, all).evaluate(scope),
    evaluateTemplate: (template, scope) => evaluate(template, scope, all),
  };
}

/** {@link Evaluator.evaluateTemplate} with the default limits. */
export function evaluateTemplate(template: Template, scope: EvaluationScope): unknown {
  return evaluate(template, scope, DEFAULT_LIMITS);
}

function evaluate(template: Template, scope: EvaluationScope, limits: ExpressionLimits): unknown {
  if (typeof template !== 'object' || template === null) return template;
  if (Array.isArray(template)) return template.map((element) => evaluate(element, scope, limits));
  const keys = Object.keys(template);
  const [only] = keys;
  if (keys.length === 1 && only?.startsWith('$')) return evaluateNode(template, only, scope, limits);
  return evaluateEntries(Object.entries(template), scope, limits);
}

function evaluateNode(node: object, key: string, scope: EvaluationScope, limits: ExpressionLimits): unknown {
  if ('$cel' in node && typeof node.$cel === 'string') return compileExpression(node.$cel, limits).evaluate(scope);
  if ('$secret' in node && typeof node.$secret === 'string') return new SecretReference(node.$secret);
  if ('$text' in node && Array.isArray(node.$text)) return evaluateText(node.$text as (string | { $cel: string })[], scope, limits);
  if ('$map' in node && Array.isArray(node.$map)) return evaluateEntries(node.$map as [string, Template][], scope, limits);
  throw new ExpressionError(
    'expression-syntax',
    `a template has no node \`${key}\`; an object with such a key is written as \`$map\``,
    key,
  );
}

function evaluateEntries(entries: readonly [string, Template][], scope: EvaluationScope, limits: ExpressionLimits): unknown {
  const object: { [key: string]: unknown } = {};
  for (const [key, template] of entries) {
    const value = isExpression(template)
      ? compileExpression(template.$cel, limits).evaluateField(scope)
      : evaluate(template, scope, limits);
    if (value !== ABSENT) setField(object, key, value);
  }
  return object;
}

function isExpression(template: Template): template is { $cel: string } {
  return (
    typeof template === 'object' &&
    template !== null &&
    '$cel' in template &&
    typeof template.$cel === 'string' &&
    Object.keys(template).length === 1
  );
}

function evaluateText(parts: readonly (string | { $cel: string })[], scope: EvaluationScope, limits: ExpressionLimits): string {
  let text = '';
  for (const part of parts) {
    text += typeof part === 'string' ? part : compileExpression(part.$cel, limits).evaluateText(scope);
    if (text.length > limits.resultText) {
      throw new ExpressionError(
        'expression-limit',
        `the text is longer than ${limits.resultText} characters`,
        typeof part === 'string' ? '' : part.$cel,
      );
    }
  }
  return text;
}
