import { readdirSync, readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../diagnostic.ts';
import { lint } from '../lint/lint.ts';
import { parseCatalog } from '../parse/catalog.ts';
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

describe('sarif', () => {
  const schema = JSON.parse(readFileSync(new URL('../../testdata/sarif/sarif-2.1.0.json', import.meta.url), 'utf8')) as {
    $schema?: string;
    id?: string;
  };
  // It is written in draft 4, of which it uses nothing that means something else today.
  delete schema.$schema;
  delete schema.id;
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv);
  const valid = ajv.compile(schema);
  const sarif = (diagnostics: Diagnostic[], text = '') => {
    const log = JSON.parse(formatDiagnostics(diagnostics, new Map([['a.yaml', text]]), 'sarif', { toolVersion: '1.2.3' }));
    expect(valid(log), JSON.stringify(valid.errors)).toBe(true);
    return log.runs[0];
  };

  it('writes every golden finding as a log that the schema accepts', () => {
    const folder = new URL('../../testdata/err/', import.meta.url);
    const contracts = JSON.parse(readFileSync(new URL('../../testdata/contracts.json', import.meta.url), 'utf8')) as TaskContract[];
    const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
    let results = 0;
    for (const name of files) {
      const { catalog } = parseCatalog([{ path: name, text: readFileSync(new URL(name, folder), 'utf8') }]);
      const found = lint(catalog, contracts);
      const run = sarif(found);
      for (const [index, { code, fix }] of found.entries()) {
        const { ruleId, ruleIndex, fixes } = run.results[index];
        expect([ruleId, run.tool.driver.rules[ruleIndex].id, fixes?.length ?? 0]).toEqual([code, code, fix ? 1 : 0]);
      }
      results += run.results.length;
    }
    expect(results).toBeGreaterThanOrEqual(files.length);
    expect(valid({ version: '2.1.0', runs: [{ tool: {} }] })).toBe(false);
  });

  it('says where, what, and how to mend it', () => {
    const fix = { range: at(2, 3, 6), newText: 'b' };
    const run = sarif([diagnostic({ hint: 'write b', fix })], 'one\n  abc\n');
    expect(run).toMatchObject({
      tool: { driver: { name: 'maestro', semanticVersion: '1.2.3' } },
      columnKind: 'utf16CodeUnits',
      artifacts: [{ location: { uri: 'a.yaml', uriBaseId: '%SRCROOT%' } }],
      results: [
        {
          ruleId: 'unknown-need',
          level: 'error',
          message: { text: 'no such task\nwrite b' },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: 'a.yaml', uriBaseId: '%SRCROOT%', index: 0 },
                region: { startLine: 2, startColumn: 3, endLine: 2, endColumn: 6 },
              },
            },
          ],
          fixes: [{ artifactChanges: [{ replacements: [{ insertedContent: { text: 'b' } }] }] }],
        },
      ],
    });
    expect(run.tool.driver.rules[run.results[0].ruleIndex]).toMatchObject({ id: 'unknown-need', defaultConfiguration: { level: 'error' } });
    expect(run.originalUriBaseIds).toHaveProperty('%SRCROOT%');
  });

  it('takes any name of a file, findings that are in none, of no rule, and none at all', () => {
    const names = ['a b/ü#?%.yaml', 'C:\\x\\y.yaml', '/tmp/a b.yaml', '../up.yaml', 'half \ud800.yaml', 'a:b.yaml'];
    const uris = sarif(names.map((file) => diagnostic({ file }))).results.map(
      (one: { locations: { physicalLocation: { artifactLocation: { uri: string; uriBaseId?: string } } }[] }) =>
        one.locations[0]?.physicalLocation.artifactLocation,
    );
    expect(uris.map(({ uri, uriBaseId }: { uri: string; uriBaseId?: string }) => `${uriBaseId ?? ''} ${uri}`)).toEqual([
      '%SRCROOT% a%20b/%C3%BC%23%3F%25.yaml',
      ' file:///C:/x/y.yaml',
      ' file:///tmp/a%20b.yaml',
      '%SRCROOT% ../up.yaml',
      '%SRCROOT% half%20%EF%BF%BD.yaml',
      '%SRCROOT% a%3Ab.yaml',
    ]);
    expect(sarif([diagnostic({ file: '', code: 'lock-file', severity: 'info', fix: { range: at(1, 1), newText: '' } })]).results).toEqual([
      expect.objectContaining({ ruleId: 'lock-file', level: 'note', locations: [] }),
    ]);
    expect(sarif([])).toMatchObject({ results: [], artifacts: [] });
  });

  it('keeps fingerprints while other lines come and go, and tells equal findings apart', () => {
    const prints = (diagnostics: Diagnostic[], text: string) =>
      sarif(diagnostics, text).results.map((one: { partialFingerprints: Record<string, string> }) => one.partialFingerprints['finding/v1']);
    const [before] = prints([diagnostic({})], 'one\n  abc\n');
    expect(prints([diagnostic({ range: at(4, 3, 6) })], 'one\n\n\n  abc # \n'.replace(' # ', ''))).toEqual([before]);
    expect(prints([diagnostic({ range: at(2, 3, 6) })], 'one\n  abd\n')).not.toEqual([before]);
    const twice = prints([diagnostic({}), diagnostic({ range: at(3, 3, 6) })], 'one\n  abc\n  abc\n');
    expect(twice[0]).toBe(before);
    expect(twice[1]).not.toBe(before);
  });
});

describe('applyFixes', () => {
  it('keeps a byte order mark, and ends added lines as the others end', () => {
    const insert = diagnostic({ fix: { range: at(1, 2), newText: '\nb' } });
    expect(applyFixes('\ufeffa\r\nc\r\n', [insert]).text).toBe('\ufeffa\r\nb\r\nc\r\n');
    expect(applyFixes('a\nc\r\n', [insert]).text).toBe('a\nb\nc\r\n');
  });

  const fix = (start: number, end: number, newText: string) => diagnostic({ fix: { range: at(1, start, end), newText } });

  it('applies fixes from back to front of the text, and of overlapping ones the first', () => {
    expect(applyFixes('one two three', [fix(9, 14, '3'), fix(1, 4, '1'), fix(2, 6, 'x')])).toEqual({ text: '1 two 3', applied: 2 });
    expect(applyFixes('ab', [fix(2, 2, '-'), fix(2, 2, '-')])).toEqual({ text: 'a-b', applied: 1 });
    expect(applyFixes('ab', [diagnostic({})])).toEqual({ text: 'ab', applied: 0 });
  });
});
