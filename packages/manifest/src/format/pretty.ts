import { cut } from '@summit/maestro-expressions/text';
import type { Diagnostic } from '../diagnostic.ts';
import { SourceFile } from '../text/source.ts';

/** What a piece of pretty output is; a colour function may give each its own. */
export type Style = 'error' | 'warning' | 'info' | 'code' | 'place' | 'gutter' | 'caret' | 'hint';

export interface FormatOptions {
  /** Paints a piece of `pretty` output. Default: no colours. */
  paint?(style: Style, text: string): string;
  /** The version that a `sarif` log gives for the tool. */
  toolVersion?: string;
}

/** Columns of a source line that are shown; a longer one is cut around the finding. */
const WIDTH = 120;

type Paint = (style: Style, text: string) => string;

/** Each finding with its place, its line, a caret under what is meant, and what to do; without colours unless `paint` gives them. */
export function pretty(diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>, options: FormatOptions): string {
  const paint: Paint = options.paint ?? ((_, text) => text);
  const files = new Map<string, SourceFile>();
  return diagnostics
    .map((diagnostic) => {
      const text = sources.get(diagnostic.file);
      let file = files.get(diagnostic.file);
      if (!file && text !== undefined) {
        file = new SourceFile(diagnostic.file, text);
        files.set(diagnostic.file, file);
      }
      return block(diagnostic, file, paint);
    })
    .join('\n');
}

function block(diagnostic: Diagnostic, file: SourceFile | undefined, paint: Paint): string {
  const { severity, code, message, range, hint } = diagnostic;
  const place = diagnostic.file === '' ? '' : `${paint('place', `${printable(diagnostic.file)}:${range.start.line}:${range.start.col}`)} `;
  const lines = [`${place}${paint(severity, severity)} ${paint('code', `[${code}]`)} ${printable(message)}`];
  if (file) lines.push(...excerpt(diagnostic, file, paint));
  if (hint !== undefined) lines.push(`  ${paint('hint', `= ${printable(hint)}`)}`);
  return `${lines.join('\n')}\n`;
}

function excerpt({ range, severity }: Diagnostic, file: SourceFile, paint: Paint): string[] {
  const { start, end } = range;
  const line = file.line(start.line);
  const from = Math.min(start.col - 1, line.length);
  const to = end.line === start.line ? Math.min(end.col - 1, line.length) : line.length;
  const offset = Math.max(0, Math.min(from - 20, line.length - WIDTH));
  const shown = cut(line.slice(offset), WIDTH);
  const number = String(start.line);
  const gutter = ' '.repeat(number.length);
  const before = blank(line.slice(offset, from));
  const marked = width(line.slice(from, Math.max(from, Math.min(to, offset + WIDTH))));
  const caret = '^'.repeat(Math.max(1, marked));
  return [
    paint('gutter', ` ${number} | `) + printable(offset > 0 ? `…${shown.slice(1)}` : shown),
    paint('gutter', ` ${gutter} | `) + before + paint(severity === 'error' ? 'caret' : severity, caret),
  ];
}

/** As many columns of white space as the text takes; tabs stay tabs, so that they are as wide as above. */
function blank(text: string): string {
  return [...printable(text)].map((char) => (char === '\t' ? '\t' : ' '.repeat(columns(char)))).join('');
}

function width(text: string): number {
  return [...printable(text)].reduce((sum, char) => sum + columns(char), 0);
}

/** Terminal columns of a code point: wide for East Asian text and emoji, none for marks that combine. */
function columns(char: string): number {
  if (/\p{Mark}/u.test(char)) return 0;
  return /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
    char,
  )
    ? 2
    : 1;
}

/** Foreign text without what would move the cursor, change colours or reverse the direction of a terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to take out
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, '\ufffd');
}
