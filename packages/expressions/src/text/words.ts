/** A name as messages show it: quoted, on one line, cut when long. */
export function quoted(text: string): string {
  return visible(JSON.stringify(cut(text, 80)));
}

/** JSON with what cannot be seen as an escape. */
export function visible(json: string): string {
  return json.replace(INVISIBLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** C1 controls, what has no width, and what changes the direction of the text around it. */
const INVISIBLE = /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** `"a", "b" or "c"`; from the ninth on they are only counted. */
export function choices(names: readonly string[], conjunction: 'or' | 'and' = 'or'): string {
  const shown = names.slice(0, 8).map((name) => quoted(name));
  if (names.length > 8) return `${shown.join(', ')} ${conjunction} ${names.length - 8} more`;
  const last = shown.pop();
  if (last === undefined) return 'none';
  return shown.length === 0 ? last : `${shown.join(', ')} ${conjunction} ${last}`;
}

/** `; did you mean "x"?`, or nothing without a suggestion. */
export function didYouMean(suggestions: readonly string[]): string {
  return suggestions.length === 0 ? '' : `; did you mean ${choices(suggestions)}?`;
}

/** `1 task`, `2 tasks`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** At most `length` UTF-16 units of `text`, the rest as an ellipsis. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 2);
  const half = last >= 0xd800 && last <= 0xdbff;
  return `${text.slice(0, half ? length - 2 : length - 1)}…`;
}
