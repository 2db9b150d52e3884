/** How much of a line is shown on either side of the place. */
const AROUND = 30;

/** A place in a statement, for people. */
export interface Place {
  /** From 1. */
  line: number;
  column: number;
  /** The line at that place, cut, with a caret below. */
  excerpt: string;
  /** What stands there, at most a few words. */
  near: string;
}

/** The place of the server's `position`, which counts characters (code points) from 1. */
export function placeOf(sql: string, position: number): Place {
  const before = [...sql].slice(0, position - 1).join('');
  const start = before.lastIndexOf('\n') + 1;
  const end = sql.indexOf('\n', before.length);
  const text = sql
    .slice(start, end < 0 ? undefined : end)
    .replaceAll('\r', '')
    .replaceAll('\t', ' ');
  const at = before.length - start;
  const from = Math.max(0, at - AROUND);
  const to = at + AROUND;
  const shown = `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`;
  return {
    line: before.split('\n').length,
    column: at + 1,
    excerpt: `${shown}\n${' '.repeat(at - from + (from > 0 ? 1 : 0))}^`,
    near: text.slice(at, to).trim(),
  };
}
