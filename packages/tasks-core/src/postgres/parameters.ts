import { InvalidInputError } from '@summit/maestro-sdk';
import { formatArray } from './array-text.ts';

const JSON_TYPES = new Set([114, 3802]);

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
  return values.map((value, index) => toParameter(value, types[index] as number));
}

function toParameter(value: unknown, type: number): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) && !JSON_TYPES.has(type) ? formatArray(value) : JSON.stringify(value);
}
