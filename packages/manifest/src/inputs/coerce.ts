import type { ParameterType } from '../plan.ts';

/** A text that cannot be read as the type. */
export const NOT_READABLE: unique symbol = Symbol('not readable');

/**
 * What a text from a command line (`--input k=v`) stands for: the text itself for types that are text, JSON for the others.
 * `NOT_READABLE` where it stands for nothing of the type.
 */
export function coerceText(type: ParameterType, text: string): unknown {
  switch (type) {
    case 'integer':
      // A larger one would be rounded without a word.
      return /^[-+]?\d+$/.test(text.trim()) && Number.isSafeInteger(Number(text)) ? Number(text) : NOT_READABLE;
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : NOT_READABLE;
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      return NOT_READABLE;
    case 'object':
    case 'array':
      try {
        return JSON.parse(text) as unknown;
      } catch {
        // Not an error here: the caller says what was expected.
        return NOT_READABLE;
      }
    default:
      return text;
  }
}
