/**
 * - `expression-syntax`: it is not CEL;
 * - `expression-type`: an operation does not take these values;
 * - `expression-value`: a field, an element or a variable is missing, or a value is out of range;
 * - `expression-limit`: it is too long, too deep, too much work, or its result is too large.
 */
export type ExpressionErrorCode = 'expression-syntax' | 'expression-type' | 'expression-value' | 'expression-limit';

/** An expression could not be evaluated. Trying again with the same values fails again. */
export class ExpressionError extends Error {
  override name = 'ExpressionError';
  readonly code: ExpressionErrorCode;
  /** The whole expression. */
  readonly source: string;
  /** Where in `source`, as far as it is known. */
  readonly range?: { start: number; end: number };

  constructor(
    code: ExpressionErrorCode,
    message: string,
    source: string,
    options: { range?: { start: number; end: number } | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.source = source;
    if (options.range) this.range = options.range;
  }
}

/**
 * Thrown inside an evaluation, where the expression is not known; it becomes an {@link ExpressionError} at its edge.
 * It has no stack: an expression may fail once per element of a list and go on, and stacks are what makes errors slow.
 */
export class Failure implements Error {
  readonly name = 'Failure';
  readonly code: ExpressionErrorCode;
  readonly message: string;
  /** Where in the expression, when it is known. */
  readonly range?: { start: number; end: number };

  constructor(code: ExpressionErrorCode, message: string, range?: { start: number; end: number }) {
    this.code = code;
    this.message = message;
    if (range) this.range = { start: range.start, end: range.end };
  }
}
// cel-js asks for `instanceof Error`.
Object.setPrototypeOf(Failure.prototype, Error.prototype);
