import { readdirSync, readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Diagnostic } from '../diagnostic.ts';
import { lint } from '../lint/lint.ts';
import { type CatalogFile, parseCatalog } from '../parse/catalog.ts';
import { fixFiles } from './fix-files.ts';

const testdata = new URL('../../testdata/', import.meta.url);
const contracts = JSON.parse(readFileSync(new URL('contracts.json', testdata), 'utf8')) as TaskContract[];
const findings = (files: readonly CatalogFile[]) => lint(parseCatalog(files).catalog, contracts);

it('mends what can be mended in every golden file, and leaves nothing that offers a fix', () => {
  let mended = 0;
  for (const name of readdirSync(new URL('err/', testdata)).filter((file) => file.endsWith('.yaml'))) {
    const file = { path: name, text: readFileSync(new URL(`err/${name}`, testdata), 'utf8') };
    const before = findings([file]);
    const { files, fixed } = fixFiles([file], findings);
    expect(
      findings(files).filter(({ fix }) => fix),
      name,
    ).toEqual([]);
    if (before.every(({ fix }) => fix)) expect(findings(files), name).toEqual([]);
    expect(fixed.size, name).toBe(before.some(({ fix }) => fix) ? 1 : 0);
    mended += fixed.size;
  }
  expect(mended).toBeGreaterThan(20);
});

it('goes on for mistakes that hide each other and fixes at one place, and counts them', () => {
  const ids = Array.from({ length: 12 }, (_, at) => `t${at}`);
  const text = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: demo, version: 1.0.0 }
spec:
  tasks:
${ids.map((id) => `    - { id: ${id}, uses: tasks/wait.slep@0.1.0, with: { ms: 1 } }\n`).join('')}    - id: last
      uses: tasks/schema.validate@0.1.0
      with: { schema: true, data: [${ids.map((id) => `"\${tasks.${id}.output.slept}"`).join(', ')}] }
`;
  const { files, fixed } = fixFiles([{ path: 'a.yaml', text }], findings);
  expect(findings(files)).toEqual([]);
  expect(fixed).toEqual(new Map([['a.yaml', 24]]));
  expect(files[0]?.text).toContain(`needs: [`);
});

it('does not apply a fix that breaks the file, but the others', () => {
  const fix = (line: number, newText: string): Diagnostic => {
    const range = { start: { line, col: 1 }, end: { line, col: 2 } };
    return { code: 'x', severity: 'error', message: 'm', file: 'a.yaml', range, fix: { range, newText } };
  };
  const text = 'apiVersion: maestro/v1\nkind: Workflow\nx: 1\n';
  const once = (...offered: Diagnostic[]) => {
    let round = 0;
    return fixFiles([{ path: 'a.yaml', text }], () => (round++ === 0 ? offered : []));
  };
  expect(once(fix(3, 'y'), fix(2, '[k'))).toEqual({
    files: [{ path: 'a.yaml', text: text.replace('x:', 'y:') }],
    fixed: new Map([['a.yaml', 1]]),
  });
  expect(once(fix(1, '- a'))).toEqual({ files: [{ path: 'a.yaml', text }], fixed: new Map() });
});

it('ends where fixes undo each other', () => {
  const range = { start: { line: 1, col: 1 }, end: { line: 1, col: 2 } };
  const flip = ([file]: readonly CatalogFile[]): Diagnostic[] => {
    const newText = file?.text === 'a' ? 'b' : 'a';
    return [{ code: 'x', severity: 'error', message: 'm', file: 'f', range, fix: { range, newText } }];
  };
  expect(fixFiles([{ path: 'f', text: 'a' }], flip).files).toEqual([{ path: 'f', text: 'b' }]);
});

it('never makes a file less readable, whatever is wrong with it', () => {
  const bases = readdirSync(new URL('ok/', testdata)).map((name) => readFileSync(new URL(`ok/${name}`, testdata), 'utf8'));
  const mutation = fc.record({
    at: fc.nat(),
    remove: fc.nat(2),
    insert: fc.constantFrom('', 'x', ' ', '${', '}', '"', ': ', '\n', '\t', '[', '- ', '&a ', '*a', '#'),
  });
  const unreadable = (file: CatalogFile) => parseCatalog([file]).diagnostics.filter(({ code }) => code === 'yaml-syntax').length;
  fc.assert(
    fc.property(fc.constantFrom(...bases), fc.array(mutation, { minLength: 1, maxLength: 3 }), (base, mutations) => {
      let text = base;
      for (const { at, remove, insert } of mutations) {
        const place = at % text.length;
        text = text.slice(0, place) + insert + text.slice(place + remove);
      }
      const before = { path: 'a.yaml', text };
      const [after] = fixFiles([before], findings).files as [CatalogFile];
      expect(unreadable(after)).toBeLessThanOrEqual(unreadable(before));
    }),
    { numRuns: Number(process.env.MAESTRO_FUZZ_RUNS ?? 200) },
  );
}, 600_000);
