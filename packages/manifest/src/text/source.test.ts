import { describe, expect, it } from 'vitest';
import { SourceFile } from './source.ts';

describe('SourceFile', () => {
  it('counts lines and UTF-16 columns from 1, without the byte order mark', () => {
    const file = new SourceFile('a', '\ufeffa\r\n😀b\n');
    expect(file.position(0)).toEqual({ line: 1, col: 1 });
    expect(file.position(file.text.indexOf('b'))).toEqual({ line: 2, col: 3 });
    expect(file.position(1_000)).toEqual({ line: 3, col: 1 });
    expect(file.line(1)).toBe('a');
    expect(file.line(2)).toBe('😀b');
    expect(file.line(9)).toBe('');
  });

  it('turns positions back into offsets', () => {
    const file = new SourceFile('a', 'one\n\nthree');
    for (let offset = 0; offset <= file.text.length; offset++) expect(file.offset(file.position(offset))).toBe(offset);
    expect(file.offset({ line: 1, col: 99 })).toBe(3);
    expect(file.offset({ line: 99, col: 1 })).toBe(file.text.length);
  });
});
