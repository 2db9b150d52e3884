/** A value as JSON; undefined where it is none: a function, what refers to itself, a bigint. */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
