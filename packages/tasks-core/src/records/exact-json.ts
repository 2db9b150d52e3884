/** Of a JSON text whose value has other digits than the text: it holds integers that a number of JavaScript cannot be. */
export interface Inexact {
  /** The first of them, as it is written. */
  integer: string;
  /** The value, with these integers as texts. */
  exact: unknown;
  /** The text. */
  text: string;
}

/** Shorter ones are exact, whatever their digits. */
const LONG_NUMBER = /\d{16}/;

/** What `JSON.parse` would lose of a text that is JSON: digits of integers beyond 2^53. Undefined where it loses none. */
export function inexactOf(json: string): Inexact | undefined {
  if (!LONG_NUMBER.test(json)) return undefined;
  let integer: string | undefined;
  const keep = (_: string, value: unknown, { source }: { source?: string } = {}) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined || !/^-?\d+$/.test(source)) return value;
    // What JavaScript has written itself is no other number, though its last digits may be zeros that stand for others.
    if (source === String(value) || BigInt(source) === BigInt(value)) return value;
    integer ??= source;
    return source;
  };
  const exact: unknown = JSON.parse(json, keep as (key: string, value: unknown) => unknown);
  return integer === undefined ? undefined : { integer, exact, text: json.trim() };
}

/** The value of a JSON text, with the integers that would lose digits as texts. Throws what `JSON.parse` throws. */
export function parseExactly(json: string): unknown {
  const value: unknown = JSON.parse(json);
  const inexact = inexactOf(json);
  return inexact === undefined ? value : inexact.exact;
}
