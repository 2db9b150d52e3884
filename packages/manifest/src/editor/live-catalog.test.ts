import { readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lint } from '../lint/lint.ts';
import { parseCatalog } from '../parse/catalog.ts';
import { completionsAt } from './completion/completion.ts';
import { definitionAt } from './definition.ts';
import { hoverAt } from './hover.ts';
import { LiveCatalog } from './live-catalog.ts';
import { outlineOf } from './symbols.ts';

const contracts = JSON.parse(readFileSync(new URL('../../testdata/contracts.json', import.meta.url), 'utf8')) as TaskContract[];

function workflow(name: string, parameter: string, sub?: string): string {
  return `apiVersion: maestro/v1
kind: Workflow
metadata: { name: ${name}, version: 1.0.0 }
spec:
  parameters: [{ name: ${parameter}, type: string, required: true }]
  tasks:
    - { id: get, uses: connectors/s3.get@^0.1, with: { bucket: "\${params.${parameter}}", key: k } }
${sub === undefined ? '' : `    - { id: sub, uses: workflows/${sub}@^1.0, with: { bucket: "\${tasks.get.status}" }, needs: [get] }\n`}  outputs: { key: "\${tasks.get.status}" }
`;
}

function runbook(name: string, ref: string, range = '^1.0'): string {
  return `apiVersion: maestro/v1
kind: Runbook
metadata: { name: ${name}, version: 1.0.0, owner: a@b }
spec:
  inputs: [{ name: bucket, type: string, required: true }]
  workflowRef: ${ref}@${range}
  policy: { purpose: p, authority: a@b, license: l }
`;
}

/** What a file may be changed into. */
const texts = fc.oneof(
  fc
    .record({ name: fc.constantFrom('a', 'b', 'c'), parameter: fc.constantFrom('bucket', 'pail') })
    .map((one) => workflow(one.name, one.parameter)),
  fc
    .record({ name: fc.constantFrom('a', 'b', 'c'), sub: fc.constantFrom('a', 'b', 'd') })
    .map((one) => workflow(one.name, 'bucket', one.sub)),
  fc
    .record({ name: fc.constantFrom('a', 'r'), ref: fc.constantFrom('a', 'b', 'c', 'd'), range: fc.constantFrom('^1.0', '^2.0') })
    .map((one) => runbook(one.name, one.ref, one.range)),
  fc.record({ text: fc.constant(workflow('a', 'bucket', 'b')), at: fc.nat(500) }).map((one) => one.text.slice(0, one.at)),
);

const edits = fc.array(
  fc.record({ file: fc.constantFrom('1.yaml', '2.yaml', '3.yaml', '4.yaml'), text: fc.option(texts, { nil: undefined, freq: 8 }) }),
  { minLength: 1, maxLength: 12 },
);

describe('LiveCatalog', () => {
  it('finds after every change what a check of everything finds', () => {
    fc.assert(
      fc.property(edits, (changes) => {
        const live = new LiveCatalog(contracts);
        const files = new Map<string, string>();
        for (const { file, text } of changes) {
          if (text === undefined) {
            files.delete(file);
            live.delete(file);
          } else {
            files.set(file, text);
            live.set(file, text);
          }
          const all = lint(parseCatalog(live.paths().map((path) => ({ path, text: files.get(path) ?? '' }))).catalog, contracts);
          for (const path of live.paths()) expect(live.diagnostics(path)).toEqual(all.filter((diagnostic) => diagnostic.file === path));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('checks only what a change can touch', () => {
    const live = new LiveCatalog(contracts);
    for (const name of ['a', 'b']) {
      live.set(`${name}.yaml`, workflow(name, 'bucket'));
      live.set(`${name}-book.yaml`, runbook(`${name}-book`, name));
    }
    for (const path of live.paths()) live.diagnostics(path);
    expect(live.set('a.yaml', workflow('a', 'bucket'))).toBe(false);
    expect(live.set('a.yaml', workflow('a', 'pail'))).toBe(true);
    expect(live.paths().filter((path) => live.isStale(path))).toEqual(['a-book.yaml', 'a.yaml']);
    live.set('c.yaml', workflow('c', 'bucket'));
    expect(live.paths().filter((path) => live.isStale(path))).toEqual(live.paths());
  });

  it('knows what a runbook elsewhere leaves open', () => {
    const live = new LiveCatalog(contracts);
    live.set('a.yaml', workflow('a', 'bucket'));
    live.set('r.yaml', runbook('r', 'a'));
    live.set('unused.yaml', workflow('unused', 'bucket'));
    const lacksPolicy = () => live.diagnostics('unused.yaml').some(({ code }) => code === 'missing-policy');
    expect(lacksPolicy()).toBe(true);
    // Of a runbook whose workflow is not found nobody knows which one it was meant to run.
    live.set('r.yaml', runbook('r', 'a', '^2.0'));
    expect(lacksPolicy()).toBe(false);
    live.set('r.yaml', runbook('r', 'a'));
    expect(lacksPolicy()).toBe(true);
  });

  it('answers at every place of every text, however broken', () => {
    fc.assert(
      fc.property(texts, fc.nat(600), fc.string({ maxLength: 3 }), (text, cut, inserted) => {
        const live = new LiveCatalog(contracts);
        live.set('b.yaml', workflow('b', 'bucket'));
        live.set('a.yaml', text.slice(0, cut) + inserted + text.slice(cut + 1));
        const offset = Math.min(cut, text.length);
        hoverAt(live, 'a.yaml', offset);
        definitionAt(live, 'a.yaml', offset);
        completionsAt(live, 'a.yaml', offset);
        outlineOf(live, 'a.yaml');
        live.fixed('a.yaml');
      }),
      { numRuns: 100 },
    );
  });
});

describe('hovering an expression', () => {
  const live = new LiveCatalog(contracts);
  const text = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: a, version: 1.0.0 }
spec:
  parameters:
    - { name: rows, type: array, required: true, schema: { items: { type: object, properties: { id: { type: integer }, tag: { enum: [x, y] } }, required: [id, tag] } } }
  tasks:
    - id: each
      forEach: \${params.rows}
      uses: tasks/wait.sleep@0.1.0
      with:
        ms: "\${ item.id + 1 }"
    - id: all
      needs: [each]
      uses: tasks/wait.sleep@0.1.0
      with:
        ms: >-
          \${ params.rows.filter(row,
             row.tag == "x").size() }
`;
  live.set('a.yaml', text);

  it.each([
    ['item.id', 'item', 'item: {\n  id: int\n  tag: "x" | "y"\n}'],
    ['item.id', 'id', 'item.id: int'],
    ['item.id + 1', '+', 'item.id + 1: int'],
    ['row.tag', 'tag', 'row.tag: "x" | "y"'],
    ['row.tag', 'row', 'row: {\n  id: int\n  tag: "x" | "y"\n}'],
    ['params.rows}', 'rows', 'params.rows: list<{'],
  ])('%s at %s', (part, word, expected) => {
    expect(hoverAt(live, 'a.yaml', text.indexOf(part) + part.indexOf(word) + 1)?.text).toContain(expected);
  });
});
