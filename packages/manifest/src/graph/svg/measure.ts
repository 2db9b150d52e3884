/** Widths in hundredths of an em as Verdana and DejaVu Sans have them: what else a system calls its sans-serif is narrower. */
const WIDTHS: [characters: RegExp, width: number][] = [
  [/[ijlI|'!.,:;]/, 40],
  [/[ ft()[\]{}\-"/\\rs]/, 52],
  [/[mwMW@%]/, 100],
  [/[+<>=~^#_]/, 84],
  [/[A-Z…]/, 78],
  [/[a-z0-9*?$&]/, 64],
];

/** Combining marks and joiners take no room; CJK, full-width forms and emoji take a square; other letters something between. */
const NOTHING = /[\p{Mn}\p{Me}\p{Cf}]/u;
const SQUARE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f000}-\u{3fffd}]/u;

const known = new Map<string, number>();

/** An upper bound of the width of a text, in the unit of `size`. */
export function textWidth(text: string, size: number, bold = false): number {
  let hundredths = 0;
  for (const character of text) hundredths += widthOf(character);
  return (hundredths * size * (bold ? 1.1 : 1)) / 100;
}

function widthOf(character: string): number {
  // Only what the table lists is remembered, so that there is a bound.
  if (character.length > 1 || character > '~') return NOTHING.test(character) ? 0 : SQUARE.test(character) ? 110 : 85;
  let width = known.get(character);
  if (width === undefined) {
    width = WIDTHS.find(([characters]) => characters.test(character))?.[1] ?? 85;
    known.set(character, width);
  }
  return width;
}
