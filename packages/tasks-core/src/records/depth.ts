/** How deeply a record may be nested: far deeper than data is, and far from what recursion can bear. */
export const DEEPEST = 1_000;

/** Whether the value of a JSON text is nested more deeply than `DEEPEST`. */
export function isTooDeep(json: string): boolean {
  if (json.length <= 2 * DEEPEST || !hasMoreThan(json, DEEPEST)) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (inString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === OBJECT || code === ARRAY) {
      if (++depth > DEEPEST) return true;
    } else if (code === OBJECT + 2 || code === ARRAY + 2) depth--;
  }
  return false;
}

const [OBJECT, ARRAY, QUOTE, BACKSLASH] = [0x7b, 0x5b, 0x22, 0x5c];

/** Whether there are so many brackets at all, which is found out much faster. */
function hasMoreThan(json: string, most: number): boolean {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let at = json.indexOf(bracket); at >= 0; at = json.indexOf(bracket, at + 1)) if (++count > most) return true;
  }
  return false;
}
