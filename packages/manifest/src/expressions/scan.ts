/** Why a `${` has no end. */
export interface Unclosed {
  /** The quote of a string that is never closed. */
  quote?: number;
  /** A `//` comment that swallowed a `}`. */
  comment?: number;
}

/**
 * The offset of the `}` that closes a `${` whose expression starts at `from`: not one inside a string, a comment or
 * a map. Without one it says what stood in the way.
 */
export function findClose(text: string, from: number): number | Unclosed {
  const unclosed: Unclosed = {};
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    switch (text[at]) {
      case '"':
      case "'": {
        const end = endOfString(text, at);
        if (end === -1) return { quote: at };
        at = end;
        break;
      }
      case '/':
        if (text[at + 1] === '/') {
          const end = text.indexOf('\n', at);
          const comment = text.slice(at, end === -1 ? undefined : end);
          if (unclosed.comment === undefined && comment.includes('}')) unclosed.comment = at;
          at += comment.length - 1;
        }
        break;
      case '{':
        depth++;
        break;
      case '}':
        if (depth === 0) return at;
        depth--;
        break;
    }
  }
  return unclosed;
}

/**
 * The offset of the last character of the string that opens at `open`, -1 if it has none. A string with single
 * quotes ends at a line break at the latest: the parser then says that it may not.
 */
function endOfString(text: string, open: number): number {
  const quote = text[open] as string;
  const raw = isRaw(text, open);
  const triple = text.startsWith(quote.repeat(3), open);
  for (let at = open + (triple ? 3 : 1); at < text.length; at++) {
    const char = text[at];
    if (char === '\\' && !raw) at++;
    else if (char === quote) {
      if (!triple) return at;
      if (text.startsWith(quote.repeat(3), at)) return at + 2;
    } else if (char === '\n' && !triple) return at;
  }
  return -1;
}

/** Whether the quote at `open` has an `r` prefix (`r"`, `br'`), in which a backslash is a backslash. */
function isRaw(text: string, open: number): boolean {
  let at = open - 1;
  let raw = false;
  while (at >= 0 && open - at <= 2 && /[rRbB]/.test(text[at] as string)) {
    if (/[rR]/.test(text[at] as string)) raw = true;
    at--;
  }
  return raw && !/\w/.test(text[at] ?? ' ');
}
