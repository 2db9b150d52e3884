import { readdirSync, readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lint } from '../lint/lint.ts';
import { rules } from '../lint/rules/index.ts';
import { type CatalogFile, parseCatalog } from './catalog.ts';
import { parseRelated } from './related.ts';

const testdata = new URL('../../testdata/', import.meta.url);
const contracts = JSON.parse(readFileSync(new URL('contracts.json', testdata), 'utf8')) as TaskContract[];
const texts = [
  ...readdirSync(new URL('ok/', testdata))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readFileSync(new URL(`ok/${name}`, testdata), 'utf8')),
  ...rules.flatMap(({ examples }) => [examples.good, examples.bad]),
];
/** A document a file, so that what belongs together is spread. */
const documents = [...new Set(texts.flatMap((text) => text.split(/^---$/m)).filter((text) => text.trim() !== ''))];

const file = (path: string, text: string): CatalogFile => ({ path, text });
const workflow = (name: string, body = '    - { id: a, uses: ops/wait.sleep@0.1.0, with: { duration: 1s } }') =>
  `apiVersion: maestro/v1\nkind: Workflow\nmetadata: { name: ${name}, version: 1.0.0 }\nspec:\n  tasks:\n${body}\n`;
const uses = (name: string) => `    - { id: a, uses: "workflows/${name}@1.0.0", with: {} }`;
const pathsRead = (files: CatalogFile[], wanted: string) => parseRelated(files, new Set([wanted])).files.map(({ path }) => path);

describe('parseRelated', () => {
  it('finds nothing wrong only where nothing is wrong in the whole catalog', () => {
    let clean = 0;
    const catalogs = fc.array(fc.constantFrom(...documents), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(catalogs, fc.nat(), (chosen, at) => {
        const files = chosen.map((text, n) => file(`${n}.yaml`, text));
        const wanted = new Set([`${at % files.length}.yaml`]);
        const options = { files: wanted };
        const whole = lint(parseCatalog(files).catalog, contracts, options);
        const part = lint(parseRelated(files, wanted), contracts, options);
        if (part.length > 0) return;
        clean += 1;
        expect(whole).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(clean).toBeGreaterThan(5);
  });

  it('reads what a file refers to, what that refers to, and what mentions it', () => {
    const files = [
      file('used-deep.yaml', workflow('deep')),
      file('used.yaml', workflow('used', uses('deep'))),
      file('wanted.yaml', workflow('wanted', uses('used'))),
      file('user.yaml', workflow('user', uses('wanted'))),
      file('stranger.yaml', workflow('stranger')),
    ];
    expect(pathsRead(files, 'wanted.yaml')).toEqual(['used-deep.yaml', 'used.yaml', 'wanted.yaml', 'user.yaml']);
  });

  it('reads what mentions a name in disguise', () => {
    const files = [file('wanted.yaml', workflow('wanted')), file('twin.yaml', workflow('"w\\u0061nted"'))];
    expect(pathsRead(files, 'wanted.yaml')).toEqual(['wanted.yaml', 'twin.yaml']);
  });
});
