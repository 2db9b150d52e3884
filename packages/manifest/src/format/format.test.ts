import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../diagnostic.ts';
import { applyFixes } from './apply-fixes.ts';
import { formatDiagnostics } from './format.ts';

const at = (line: number, col: number, endCol = col, endLine = line) => ({ start: { line, col }, end: { line: endLine, col: endCol } });
const diagnostic = (more: Partial<Diagnostic>): Diagnostic => ({
  code: 'unknown-need',
  severity: 'error',
  message: 'no such task',
  file: 'a.yaml',
  range: at(2, 3, 6),
  ...more,
});
const pretty = (diagnostics: Diagnostic[], text: string) => formatDiagnostics(diagnostics, new Map([['a.yaml', text]]), 'pretty');

describe('pretty', () => {
  it('shows place, message, line, caret and hint', () => {
    expect(pretty([diagnostic({ hint: 'write b' })], 'one\n  abc\n')).toBe(
      'a.yaml:2:3 error [unknown-need] no such task\n 2 |   abc\n   |   ^^^\n  = write b\n',
    );
  });

  it('keeps the caret below wide characters and tabs', () => {
    expect(pretty([diagnostic({ range: at(1, 5, 7) })], '日本: xy')).toBe(
      'a.yaml:1:5 error [unknown-need] no such task\n 1 | 日本: xy\n   |       ^^\n',
    );
    expect(pretty([diagnostic({ range: at(1, 2, 3) })], '\tx')).toBe('a.yaml:1:2 error [unknown-need] no such task\n 1 | \tx\n   | \t^\n');
  });

  it('cuts long lines around the finding and takes out what would control a terminal', () => {
    const text = `${'a'.repeat(5_000)}NEEDLE${'b'.repeat(5_000)}\u001b[31m`;
    const shown = pretty([diagnostic({ range: at(1, 5_001, 5_007), message: 'bad \u001b[2J\u202e' })], text);
    const [head, line, caret] = shown.split('\n') as [string, string, string];
    expect(line.length).toBeLessThan(130);
    expect(line.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1)).toBe('NEEDLE');
    for (const char of '\u001b\u202e') expect(head).not.toContain(char);
  });

  it('shows a finding that is in no file, or in one whose text is not there, without a line', () => {
    expect(formatDiagnostics([diagnostic({ file: '' })], new Map(), 'pretty')).toBe('error [unknown-need] no such task\n');
    expect(formatDiagnostics([diagnostic({})], new Map(), 'pretty')).toBe('a.yaml:2:3 error [unknown-need] no such task\n');
  });

  it('paints with the function it is given', () => {
    const painted = formatDiagnostics([diagnostic({})], new Map(), 'pretty', { paint: (style, text) => `<${style}>${text}</>` });
    expect(painted).toBe('<place>a.yaml:2:3</> <error>error</> <code>[unknown-need]</> no such task\n');
  });
});

describe('github and json', () => {
  it('escapes what would end a workflow command', () => {
    const text = formatDiagnostics(
      [diagnostic({ file: 'a,b:c.yaml', message: '100%\nnext', severity: 'info', hint: 'x' })],
      new Map(),
      'github',
    );
    expect(text).toBe('::notice file=a%2Cb%3Ac.yaml,line=2,endLine=2,col=3,endColumn=6,title=unknown-need::100%25%0Anext%0Ax\n');
  });

  it('writes JSON that reads back', () => {
    const diagnostics = [diagnostic({ fix: { range: at(2, 3), newText: 'x' } })];
    expect(JSON.parse(formatDiagnostics(diagnostics, new Map(), 'json'))).toEqual(diagnostics);
    expect(formatDiagnostics([], new Map(), 'json')).toBe('[]\n');
  });
});

describe('applyFixes', () => {
  const fix = (start: number, end: number, newText: string) => diagnostic({ fix: { range: at(1, start, end), newText } });

  it('applies fixes from back to front of the text, and of overlapping ones the first', () => {
    expect(applyFixes('one two three', [fix(9, 14, '3'), fix(1, 4, '1'), fix(2, 6, 'x')])).toEqual({ text: '1 two 3', applied: 2 });
    expect(applyFixes('ab', [fix(2, 2, '-'), fix(2, 2, '-')])).toEqual({ text: 'a-b', applied: 1 });
    expect(applyFixes('ab', [diagnostic({})])).toEqual({ text: 'ab', applied: 0 });
  });
});
