/** PostgreSQL's bigint ends here, and with it what anybody counts with; larger numbers are measures, which are never exact. */
const LARGEST = 2 ** 64;

/**
 * An integer that a number of JavaScript may not say exactly, in a value or the lists in it: it is not known which one was meant.
 * Undefined where there is none.
 */
export function inexactNumber(value: unknown): number | undefined {
  if (typeof value === 'number') {
    return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) <= LARGEST ? value : undefined;
  }
  if (!Array.isArray(value)) return undefined;
  for (const each of value) {
    const found = inexactNumber(each);
    if (found !== undefined) return found;
  }
  return undefined;
}
