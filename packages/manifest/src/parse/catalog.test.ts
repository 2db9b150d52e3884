import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_WORK, timesOrdinary, worked } from '../../test/work.ts';
import { CatalogError, loadCatalog, parseCatalog } from './catalog.ts';
import { nodeAt } from './node.ts';

const workflow = `apiVersion: maestro/v1
kind: Workflow
metadata:
  name: pause
  version: 1.0.0
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 500 }
`;

function found(text: string): string[] {
  return parseCatalog([{ path: 'a.yaml', text }]).diagnostics.map(
    ({ code, message, range }) => `${range.start.line}:${range.start.col} ${code} ${message}`,
  );
}

describe('parseCatalog', () => {
  it('reads several documents of a file, JSON, a byte order mark and CRLF', () => {
    const { catalog, diagnostics } = parseCatalog([
      { path: 'a.yaml', text: `\ufeff---\r\n${workflow.replaceAll('\n', '\r\n')}---\r\n${workflow.replace('1.0.0', '2.0.0')}---\r\n` },
      {
        path: 'b.json.yaml',
        text: '{"apiVersion":"maestro/v1","kind":"Workflow","metadata":{"name":"b","version":"1.0.0"},"spec":{"tasks":[{"id":"a","uses":"tasks/x@1"}]}}',
      },
    ]);
    expect(diagnostics).toEqual([]);
    expect(catalog.manifests.map(({ name, version }) => `${name}@${version}`)).toEqual(['pause@1.0.0', 'pause@2.0.0', 'b@1.0.0']);
  });

  it('maps a JSON path to the exact range of its value', () => {
    const { catalog } = parseCatalog([{ path: 'a.yaml', text: workflow }]);
    const [manifest] = catalog.manifests;
    const node = manifest && nodeAt(manifest.root, ['spec', 'tasks', 0, 'with', 'ms']);
    expect(node && manifest.file.range(node.start, node.end)).toEqual({ start: { line: 10, col: 19 }, end: { line: 10, col: 22 } });
  });

  it('advises on every unquoted expression of a flow collection and still reads the rest', () => {
    const text = workflow
      .replace('{ ms: 500 }', '{ ms: ${params.a}, list: [${params.b}], t: x/${params["c"]}/y }')
      .replace('id: sleep', 'id: sleep\n      timeot: 5s');
    const { catalog, diagnostics } = parseCatalog([{ path: 'a.yaml', text }]);
    expect(diagnostics.map(({ message, hint }) => `${message} | ${hint ?? ''}`)).toEqual([
      'unquoted expression ${params.a}: in a flow collection YAML ends the value at "{" | quote it: "${params.a}"',
      'unquoted expression ${params.b}: in a flow collection YAML ends the value at "{" | quote it: "${params.b}"',
      'unquoted expression x/${params["c"]}/y: in a flow collection YAML ends the value at "{" | quote it: \'x/${params["c"]}/y\'',
      'task "sleep" has an unknown field "timeot"; did you mean "timeout"? | write timeout',
    ]);
    const root = catalog.manifests[0]?.root;
    expect(root && nodeAt(root, ['spec', 'tasks', 0, 'with', 't'])).toMatchObject({ value: 'x/${params["c"]}/y' });
  });

  it.each([
    ['empty', '', '1:1 manifest-schema the file holds no manifest'],
    ['only comments', '# nothing\n---\n', '1:1 manifest-schema the file holds no manifest'],
    ['a list', '- 1\n', '1:1 manifest-schema the document must be a mapping with apiVersion, kind, metadata and spec, found a list of 1'],
    ['something else', 'name: x\n', '1:1 manifest-schema the document is not a manifest: it lacks "apiVersion" and "kind"'],
    [
      'another version',
      'apiVersion: maestro/v2\nkind: Workflow\n',
      '1:13 manifest-schema apiVersion must be "maestro/v1", found "maestro/v2"',
    ],
    [
      'another kind',
      'apiVersion: maestro/v1\nkind: Workflo\n',
      '2:7 manifest-schema kind must be "Runbook" or "Workflow", found "Workflo"; did you mean "Workflow"?',
    ],
    ['a tab', 'a:\n\tb: 1\n', '2:1 yaml-syntax a tab is used as indentation'],
    ['binary', '\u0000\u0001PNG', '1:1 yaml-syntax control character U+0000: this is not a text file'],
    ['NUL in a value', 'a: x\u0000y\n', '1:5 yaml-syntax control character U+0000: this is not a text file'],
    ['a tag', 'a: !secret x\n', '1:4 yaml-syntax not YAML: unresolved tag: !secret'],
    [
      'a ternary that is not quoted',
      'a: ${x ? "a" : "b"}\n',
      '1:4 yaml-syntax unquoted expression ${x ? "a" : "b"}: YAML takes the ": " in it for the end of a key',
    ],
  ])('positions one finding in a file that is no manifest: %s', (_, text, first) => {
    expect(found(text)[0]).toBe(first);
  });

  it.each([
    ['duplicate keys', 'a: 1\nb: 2\na: 3\n', '3:1 yaml-syntax duplicate key "a"'],
    ['merge keys', 'a: &x { b: 1 }\nc: { <<: *x }\n', '2:6 yaml-syntax merge keys (<<) are not supported'],
    ['an alias without anchor', 'a: *x\n', '1:4 yaml-syntax alias *x has no anchor before it'],
    ['a cyclic alias', 'a: &x { b: *x }\n', '1:12 yaml-syntax alias *x stands for a value that contains it'],
    ['__proto__', '__proto__: { polluted: 1 }\n', '1:1 yaml-syntax key "__proto__" is not allowed'],
    ['infinity', 'a: .inf\n', '1:4 yaml-syntax .inf is not a number that JSON can hold'],
    ['an integer beyond 2^53', 'a: 12345678901234567890\n', '1:4 yaml-syntax the integer 12345678901234567890 is too large to be exact'],
  ])('refuses what YAML has beyond JSON: %s', (_, text, first) => {
    expect(found(text)).toContain(first);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each([
    ['nested sequences', '['.repeat(10_000)],
    ['nested and closed', `a: ${'{b: '.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['nested blocks', Array.from({ length: 3_000 }, (_, depth) => `${' '.repeat(depth % 200)}a:`).join('\n')],
    ['compact blocks', '- '.repeat(10_000)],
    ['50 MB', 'a: 1\n'.repeat(10_000_000)],
    ['a million keys', Array.from({ length: 90_000 }, (_, i) => `key${i}: 1`).join('\n')],
    ['a very long line', `a: "${'x'.repeat(1_000_000)}`],
    ['many quotes', '"\n'.repeat(400_000)],
    ['many anchors', '&a '.repeat(300_000)],
    ['many documents', '---\n'.repeat(200_000)],
    ['many unquoted expressions', `a: [${'${x}, '.repeat(60_000)}]`],
    [
      'an alias bomb',
      [
        'a: &a [x,x,x,x,x,x,x,x,x]',
        ...[...'bcdefghi'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`),
      ].join('\n'),
    ],
    ['aliases that nest', ['a0: &a0 [x]', ...Array.from({ length: 500 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`)].join('\n')],
  ])('answers hostile input with bounded work: %s', (_, text) => {
    const { result, ms } = worked(() => found(text));
    expect(result.length).toBeGreaterThan(0);
    expect(timesOrdinary(ms)).toBeLessThan(MOST_WORK);
  });

  it('throws on no text, and says something about every text that is no manifest', () => {
    const pieces = fc.constantFrom(
      ...workflow.split(/(\s+|[{}:[\],-])/),
      '${',
      '}',
      '"',
      "'",
      '&a',
      '*a',
      '<<',
      '\t',
      '|',
      '>',
      '!x',
      '%',
      '---\n',
      '__proto__',
      'constructor',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 200 }),
          fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
        ),
        (text) => {
          const { catalog, diagnostics } = parseCatalog([{ path: 'a.yaml', text }]);
          if (catalog.manifests.every((manifest) => !manifest.sound)) expect(diagnostics.length).toBeGreaterThan(0);
          for (const { range } of diagnostics) {
            expect(range.start.line).toBeGreaterThan(0);
            expect(range.end.line).toBeGreaterThanOrEqual(range.start.line);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('loadCatalog', () => {
  it('returns a catalog without errors and throws the first otherwise', () => {
    expect(loadCatalog([{ path: 'a.yaml', text: workflow }]).manifests).toHaveLength(1);
    expect(() => loadCatalog([{ path: 'a.yaml', text: 'a: 1\na: 2\n' }])).toThrowError(CatalogError);
    expect(() => loadCatalog([{ path: 'a.yaml', text: 'a: 1\na: 2\n' }])).toThrowError('a.yaml:2:1: duplicate key "a"');
  });
});
