import type { Diagnostic } from '../diagnostic.ts';
import { SourceFile } from '../text/source.ts';

/**
 * The text of one file with the fixes of its diagnostics applied. Of fixes that overlap the first one is taken; the others are
 * offered again when the result is linted again. `applied` is how many were taken. A byte order mark stays, and lines that are added
 * end as the others do.
 */
export function applyFixes(text: string, diagnostics: readonly Diagnostic[]): { text: string; applied: number } {
  const file = new SourceFile('', text);
  const mark = text.slice(0, text.length - file.text.length);
  const crlf = /\r\n/.test(text) && !/(^|[^\r])\n/.test(text);
  const edits = diagnostics
    .flatMap(({ fix }) => (fix ? [{ start: file.offset(fix.range.start), end: file.offset(fix.range.end), newText: fix.newText }] : []))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  let result = '';
  let at = 0;
  let applied = 0;
  for (const edit of edits) {
    // Also two insertions at one place: they may be the same one twice.
    if (edit.start < at || (applied > 0 && edit.start === at && edit.end === at)) continue;
    result += file.text.slice(at, edit.start) + (crlf ? edit.newText.replace(/\r?\n/g, '\r\n') : edit.newText);
    at = edit.end;
    applied++;
  }
  return { text: mark + result + file.text.slice(at), applied };
}
