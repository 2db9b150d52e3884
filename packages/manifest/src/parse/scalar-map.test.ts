import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceFile } from '../text/source.ts';
import { parseDocuments } from './documents.ts';
import { child, isString } from './node.ts';
import { sourceOffsets } from './scalar-map.ts';

/** The text of the file from where `needle` of the decoded value of `a` starts to where it ends. */
function located(text: string, needle: string): { source: string; line: number; col: number } {
  const file = new SourceFile('a.yaml', text);
  const node = child(parseDocuments(file).roots[0], 'a');
  if (!isString(node)) throw new Error(`no string in ${text}`);
  const at = node.value.indexOf(needle);
  if (at === -1) throw new Error(`${JSON.stringify(needle)} is not in ${JSON.stringify(node.value)}`);
  const offset = sourceOffsets(node);
  const start = offset(at);
  return { source: file.text.slice(start, offset(at + needle.length)), ...file.position(start) };
}

describe('sourceOffsets', () => {
  it.each([
    ['plain', 'a: x ${p.b} y', '${p.b}', '${p.b}', 1, 6],
    ['plain at its end', 'a: x ${p.b}', '${p.b}', '${p.b}', 1, 6],
    ['plain over lines', 'a: x\n  y\n\n  z ${p.b}', '${p.b}', '${p.b}', 4, 5],
    ['single-quoted', "a: 'it''s ${p[''b'']} x'", "${p['b']}", "${p[''b'']}", 1, 11],
    ['double-quoted', 'a: "\\ta \\"b\\" ${p[\\"c\\"]} x"', '${p["c"]}', '${p[\\"c\\"]}', 1, 15],
    ['double-quoted with code points', 'a: "\\u00e4\\U0001F600\\x41 ${p}"', '${p}', '${p}', 1, 26],
    ['double-quoted with an escaped break', 'a: "x\\\n   y ${p}"', '${p}', '${p}', 2, 6],
    ['double-quoted, folded', 'a: "x  \n\n   y ${p}"', '${p}', '${p}', 3, 6],
    ['literal', 'a: |\n  one\n    two ${p}\n  three\n', '${p}', '${p}', 3, 9],
    ['literal with an indentation indicator', 'a: |2\n    one ${p}\n', '${p}', '${p}', 2, 9],
    ['literal in CRLF', 'a: |\r\n  one\r\n  two ${p}\r\n', '${p}', '${p}', 3, 7],
    ['folded', 'a: >-\n  one\n  two ${p}\n\n  three\n', '${p}', '${p}', 3, 7],
    ['folded, on a later line', 'a: >\n  one\n\n  one\n  one ${p}', '${p}', '${p}', 5, 7],
    ['behind a byte order mark', '\ufeffa: ${p}', '${p}', '${p}', 1, 4],
    ['behind a surrogate pair', 'a: 😀 ${p}', '${p}', '${p}', 1, 7],
  ])('%s', (_, text, needle, source, line, col) => {
    expect(located(text, needle)).toEqual({ source, line, col });
  });

  it('finds a word in any scalar that YAML can be written as', () => {
    const word = fc.constantFrom('${p.x}', 'a', 'bb', "it's", '"q"', 'back\\slash', 'ä', '😀');
    const value = fc
      .array(fc.oneof(word, fc.constantFrom(' ', '  ', '\n', '\n\n')), { minLength: 1, maxLength: 8 })
      .map((parts) => `x${parts.join('')} NEEDLE z`);
    const style = fc.constantFrom('double', 'single', 'literal');
    fc.assert(
      fc.property(value, style, (text, as) => {
        const written =
          as === 'double'
            ? JSON.stringify(text)
            : as === 'single'
              ? `'${text.replaceAll("'", "''").replaceAll('\n', '\n\n  ')}'`
              : `|-\n${text.replace(/^/gm, '  ')}`;
        expect(located(`a: ${written}\n`, 'NEEDLE').source).toBe('NEEDLE');
      }),
    );
  });
});
