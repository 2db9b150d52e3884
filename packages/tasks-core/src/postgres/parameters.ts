import { InvalidInputError } from '@summit/maestro-sdk';
import { formatArray, formatJsonArray } from './array-text.ts';
import { inexactNumber } from './inexact.ts';

const JSON_TYPES = new Set([114, 3802]);
const JSON_ARRAYS = new Set([199, 3807]);
/** bigint, numeric, and arrays of them. */
const WIDE_TYPES = new Set([20, 1700, 1016, 1231]);

/** Values as the protocol carries them. Throws `DB_PARAMETERS` where their number is not the statement's, or a value is none. */
export function toParameters(values: readonly unknown[], types: readonly number[]): (string | null)[] {
  if (values.length !== types.length) {
    const used =
      types.length === 0
        ? 'no parameter'
        : types.length === 1
          ? 'one parameter ($1)'
          : `${types.length} parameters ($1 to $${types.length})`;
    throw new InvalidInputError(`the statement uses ${used}, params has ${values.length}`, { code: 'DB_PARAMETERS' });
  }
  return values.map((value, index) => {
    const type = types[index] as number;
    const found = WIDE_TYPES.has(type) ? inexactNumber(value) : undefined;
    if (found === undefined) return toParameter(value, type);
    throw new InvalidInputError(`$${index + 1} is the number ${found}, beyond 2^53, where numbers lose digits; give it as a text`, {
      code: 'DB_PARAMETERS',
    });
  });
}

function toParameter(value: unknown, type: number): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!Array.isArray(value) || JSON_TYPES.has(type)) return JSON.stringify(value);
  return JSON_ARRAYS.has(type) ? formatJsonArray(value) : formatArray(value);
}
