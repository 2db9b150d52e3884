import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ancestors, EntryNames, foldName, unsafeName } from './entry-names.ts';

const name = (wanted: string) => new EntryNames([]).add(wanted);

describe('EntryNames', () => {
  it.each([
    ['a/b.txt', 'a/b.txt'],
    ['./a//b/../c.txt', 'a/b/c.txt'],
    ['/etc/passwd', 'etc/passwd'],
    ['../../up.txt', 'up.txt'],
    ['größe/日本語 😀.txt', 'größe/日本語 😀.txt'],
    ['a\\b.txt', 'a_b.txt'],
    ['C:evil.txt', 'C_evil.txt'],
    ['line\nbreak\u0000.txt', 'line_break_.txt'],
    ['gpj.\u202etxt', 'gpj._txt'],
    ['what?*.txt', 'what__.txt'],
    ['CON', '_CON'],
    ['lpt1.txt', '_lpt1.txt'],
    ['console.txt', 'console.txt'],
    ['ends with dot.', 'ends with dot_'],
    ['half \ud800 pair', 'half _ pair'],
    ['.hidden', '.hidden'],
    ['..', 'file'],
    ['', 'file'],
  ])('%j becomes %j', (wanted, expected) => {
    expect(name(wanted)).toBe(expected);
  });

  it('numbers what is there already, also where only some file systems think so', () => {
    const names = new EntryNames(['manifest.json']);
    expect(
      ['a.txt', 'a.txt', 'A.TXT', 'a (2).txt', 'manifest.json', '.env', '.env', 'dir/x', 'dir/x', 'ü', 'u\u0308'].map((each) =>
        names.add(each),
      ),
    ).toEqual([
      'a.txt',
      'a (2).txt',
      'A (3).TXT',
      'a (2) (2).txt',
      'manifest (2).json',
      '.env',
      '.env (2)',
      'dir/x',
      'dir/x (2)',
      'ü',
      'u\u0308 (2)',
    ]);
  });

  it('lets no file have the name of a folder', () => {
    const names = new EntryNames([]);
    expect([names.add('a/b/c'), names.add('a/b'), names.add('x'), names.add('x/y'), names.add('x/z')]).toEqual([
      'a/b/c',
      'a/b (2)',
      'x',
      'x (2)/y',
      'x (2)/z',
    ]);
  });

  it('gives every file a safe name of its own, whatever is asked for', () => {
    const segment = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('..', '.', '', 'a', 'A', 'nul', 'a.', 'C:', '\\'),
    );
    const path = fc.array(segment, { maxLength: 4 }).map((segments) => segments.join('/'));
    fc.assert(
      fc.property(fc.array(path, { maxLength: 30 }), (paths) => {
        const names = new EntryNames([]);
        const given = paths.map((each) => names.add(each));
        const folded = new Set(given.map(foldName));
        expect(folded.size).toBe(given.length);
        for (const each of given) {
          expect([each, unsafeName(each)]).toEqual([each, undefined]);
          for (const folder of ancestors(foldName(each))) expect(folded.has(folder)).toBe(false);
          // As archiver changes names before it writes them: these it leaves alone.
          expect(each.replace(/^\w+:/, '').replace(/^(\.\.\/|\/)+/, '')).toBe(each);
          expect(Buffer.from(each).toString()).toBe(each);
        }
      }),
      { numRuns: 500 },
    );
  });
});
