import { InvalidInputError } from '@summit/maestro-sdk';

/** Something wrong with an expression of the input: where it stands in the input, and where in its text. Counted from 1. */
export interface ExpressionFault {
  path: string;
  line: number;
  column: number;
  message: string;
  hint?: string;
}

/** A fault at an offset of the expression. */
export function faultAt(path: string, source: string, offset: number, message: string, hint?: string): ExpressionFault {
  const before = source.slice(0, offset).split('\n');
  const column = (before.at(-1) as string).length + 1;
  return { path, line: before.length, column, message, ...(hint === undefined ? {} : { hint }) };
}

/** The error of an input whose expressions are wrong, all of them named. */
export function expressionsInvalid(faults: readonly ExpressionFault[]): InvalidInputError {
  const shown = faults.slice(0, 5).map(({ path, line, column, message, hint }) => {
    const place = line === 1 ? `column ${column}` : `line ${line}, column ${column}`;
    return `${path}, ${place}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
  });
  const more = faults.length > shown.length ? `; and ${faults.length - shown.length} more` : '';
  return new InvalidInputError(`${shown.join('; ')}${more}`, { code: 'TRANSFORM_EXPRESSION_INVALID', details: faults });
}
