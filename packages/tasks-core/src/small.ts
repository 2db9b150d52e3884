/** Values that are worked through in some milliseconds. */
const MOST_VALUES = 5_000;
const MOST_CHARACTERS = 100_000;

/** Whether a JSON value is so small that it is faster to compute something from it again than to remember what was computed. */
export function isSmall(value: unknown): boolean {
  let values = 0;
  let characters = 0;
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === 'string') characters += next.length;
    else if (Array.isArray(next)) for (const entry of next) open.push(entry);
    else if (typeof next === 'object' && next !== null) {
      for (const [key, entry] of Object.entries(next)) {
        characters += key.length;
        open.push(entry);
      }
    }
    values += 1;
    if (values + open.length > MOST_VALUES || characters > MOST_CHARACTERS) return false;
  }
  return true;
}
