import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TaskContract } from '@summit/maestro-sdk';
import { describe, expect, it } from 'vitest';
import { applyFixes } from '../format/apply-fixes.ts';
import { formatDiagnostics } from '../format/format.ts';
import { parseCatalog } from '../parse/catalog.ts';
import { lint } from './lint.ts';
import { rules } from './rules/index.ts';

const testdata = new URL('../../testdata/', import.meta.url);
const contracts = JSON.parse(readFileSync(new URL('contracts.json', testdata), 'utf8')) as TaskContract[];

function findings(path: string, text: string) {
  return lint(parseCatalog([{ path, text }]).catalog, contracts);
}

/** Applies fixes until nothing offers one any more. */
function fixed(path: string, text: string): string {
  let current = text;
  for (let round = 0; round < 5; round++) {
    const { text: next, applied } = applyFixes(current, findings(path, current));
    if (applied === 0) break;
    current = next;
  }
  return current;
}

describe.each(rules.map((rule) => [rule.code, rule] as const))('rule %s', (code, rule) => {
  it('finds exactly its bad example and is silent about the good one', () => {
    expect(findings('bad.yaml', rule.examples.bad).map((diagnostic) => diagnostic.code)).toEqual([code]);
    expect(findings('bad.yaml', rule.examples.bad)[0]?.hint).toBeTruthy();
    expect(findings('good.yaml', rule.examples.good)).toEqual([]);
  });

  it('offers fixes that leave nothing behind', () => {
    if (!findings('bad.yaml', rule.examples.bad)[0]?.fix) return;
    expect(findings('bad.yaml', fixed('bad.yaml', rule.examples.bad))).toEqual([]);
  });

  it('lives in the file of its name and has at least two golden pairs', () => {
    const files = readdirSync(new URL('err/', testdata)).filter((name) => name.endsWith('.yaml'));
    expect(readdirSync(new URL('./rules/', import.meta.url))).toContain(`${code}.ts`);
    expect(files.filter((name) => name.startsWith(`${code}.`)).length).toBeGreaterThanOrEqual(2);
  });
});

describe('golden pairs', () => {
  const inputs = readdirSync(new URL('err/', testdata)).filter((name) => name.endsWith('.yaml'));

  it.each(inputs)('err/%s', async (name) => {
    const text = readFileSync(new URL(`err/${name}`, testdata), 'utf8');
    const diagnostics = findings(name, text);
    const [code] = name.split('.');
    // A golden file holds one mistake of its rule; those called .several hold more than one.
    if (name.includes('.several.')) expect(new Set(diagnostics.map((diagnostic) => diagnostic.code))).toEqual(new Set([code]));
    else expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
    // Each says what to do, in words a newcomer can act on.
    for (const diagnostic of diagnostics) expect(diagnostic.hint, diagnostic.message).toBeTruthy();
    const shown = formatDiagnostics(diagnostics, new Map([[name, text]]), 'pretty');
    const fixes = diagnostics.flatMap(({ fix, range }) =>
      fix
        ? [
            `fix ${range.start.line}:${range.start.col}: ${fix.range.start.line}:${fix.range.start.col}-${fix.range.end.line}:${fix.range.end.col} ${JSON.stringify(fix.newText)}\n`,
          ]
        : [],
    );
    await expect(shown + fixes.join('')).toMatchFileSnapshot(fileURLToPath(new URL(`err/${name.replace(/\.yaml$/, '.out')}`, testdata)));
    if (diagnostics.every((diagnostic) => diagnostic.fix)) expect(findings(name, fixed(name, text))).toEqual([]);
  });

  it.each(readdirSync(new URL('ok/', testdata)))('ok/%s is silent', (name) => {
    expect(findings(name, readFileSync(new URL(`ok/${name}`, testdata), 'utf8'))).toEqual([]);
  });
});
