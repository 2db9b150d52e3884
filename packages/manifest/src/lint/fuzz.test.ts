import { readdirSync, readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FRAGMENTS, KINDS, mutate } from '../../test/mutate.ts';
import { applyFixes, type Catalog, compile, type Diagnostic, graph, lint, parseCatalog, planDigest, rules } from '../index.ts';

/** How many cases; a long run wants 100,000. */
const CASES = Number(process.env.MAESTRO_FUZZ_CASES ?? 2_000);
/** A run that failed prints its seed. */
const SEED = process.env.MAESTRO_FUZZ_SEED === undefined ? {} : { seed: Number(process.env.MAESTRO_FUZZ_SEED) };
/** Processor milliseconds for one text, far above what any takes, so that only what does not end is caught. */
const LONGEST = 5_000;

const testdata = new URL('../../testdata/', import.meta.url);
const contracts = JSON.parse(readFileSync(new URL('contracts.json', testdata), 'utf8')) as TaskContract[];
const codes = new Set(rules.map((rule) => rule.code));
const read = (folder: string) => {
  const url = new URL(folder, import.meta.url);
  const names = readdirSync(url).filter((name) => /\.yaml$/.test(name) && !/\.test\.yaml$|lock/.test(name));
  return names.map((name) => readFileSync(new URL(name, url), 'utf8'));
};
const good = [...read('../../../../runbooks/'), ...read('../../testdata/ok/'), ...rules.map((rule) => rule.examples.good)];
const texts = [...good, ...read('../../testdata/err/'), ...rules.map((rule) => rule.examples.bad)];

const mutation = fc.record({
  kind: fc.constantFrom(...KINDS),
  at: fc.nat(100_000),
  size: fc.integer({ min: 1, max: 4 }),
  pick: fc.nat(100_000),
  other: fc.constantFrom(...texts),
});

/** Half of them change what is good, and that only a little: else nothing would ever be planned. */
const cases = fc.oneof(
  fc.record({ base: fc.constantFrom(...good), mutations: fc.array(mutation, { minLength: 1, maxLength: 2 }) }),
  fc.record({ base: fc.constantFrom(...texts), mutations: fc.array(mutation, { minLength: 1, maxLength: 5 }) }),
);

it(`holds for ${CASES} mutations of what there is`, () => {
  const inherited = Reflect.ownKeys(Object.prototype).length;
  fc.assert(
    fc.property(cases, ({ base, mutations }) => {
      const text = mutations.reduce((current, { other, ...mutation }) => mutate(current, mutation, other).slice(0, 100_000), base);
      const start = process.cpuUsage();
      const { found, catalog } = check(text);
      placed(text, found);
      fixes(text, found, catalog);
      plans(catalog, found);
      const { user, system } = process.cpuUsage(start);
      expect((user + system) / 1_000).toBeLessThan(LONGEST);
      expect(Reflect.ownKeys(Object.prototype)).toHaveLength(inherited);
    }),
    { numRuns: CASES, ...SEED },
  );
}, 7_200_000);

it('has material of every kind', () => {
  const [base, other] = texts as [string, string];
  for (const kind of KINDS) {
    const changed = FRAGMENTS.some((_, pick) => mutate(base, { kind, at: pick * 7, size: 1, pick }, other) !== base);
    expect(changed, kind).toBe(true);
  }
});

function check(text: string): { catalog: Catalog; found: Diagnostic[] } {
  const { catalog, diagnostics } = parseCatalog([{ path: 'a.yaml', text }]);
  const found = lint(catalog, contracts);
  // Nothing that the parser told is lost, and asking again gives the same.
  if (diagnostics.length > 0) expect(found.length).toBeGreaterThan(0);
  expect(lint(parseCatalog([{ path: 'a.yaml', text }]).catalog, contracts)).toEqual(found);
  return { catalog, found };
}

function placed(text: string, found: readonly Diagnostic[]): void {
  const lines = (text.startsWith('\ufeff') ? text.slice(1) : text).split('\n');
  const inside = ({ line, col }: { line: number; col: number }) =>
    line >= 1 && col >= 1 && line <= lines.length && col <= (lines[line - 1] as string).length + 1;
  for (const diagnostic of found) {
    const { range, fix, message, hint, code, file } = diagnostic;
    const label = JSON.stringify(diagnostic);
    expect(codes.has(code) && file === 'a.yaml', label).toBe(true);
    for (const { start, end } of [range, ...(fix ? [fix.range] : [])]) {
      expect(inside(start) && inside(end), label).toBe(true);
      expect(start.line < end.line || (start.line === end.line && start.col <= end.col), label).toBe(true);
    }
    expect(message.length > 0 && message.length < 2_000 && !message.includes('undefined') && !message.includes('[object'), label).toBe(
      true,
    );
    expect(hint, label).toBeTruthy();
    expect((hint as string).length, label).toBeLessThan(2_000);
  }
}

/** What is offered as a fix must not cost what can be read. */
function fixes(text: string, found: readonly Diagnostic[], before: Catalog): void {
  const { text: next, applied } = applyFixes(text, found);
  if (applied === 0) return;
  const { catalog, diagnostics } = parseCatalog([{ path: 'a.yaml', text: next }]);
  lint(catalog, contracts);
  expect(catalog.manifests.length, next).toBeGreaterThanOrEqual(before.manifests.length);
  if (!before.diagnostics.some(isSyntax)) expect(diagnostics.filter(isSyntax), next).toEqual([]);
}

function isSyntax({ code }: Diagnostic): boolean {
  return code === 'yaml-syntax';
}

/** What is without errors can be planned, and the plan is JSON with one digest. */
function plans(catalog: Catalog, found: readonly Diagnostic[]): void {
  const clean = found.every(({ severity }) => severity !== 'error');
  for (const { kind, name, version } of catalog.manifests) {
    if (name === undefined || version === undefined) continue;
    const ref = `${kind.toLowerCase()}s/${name}@${version}`;
    const { plan, diagnostics } = compile(catalog, contracts, ref);
    if (clean) expect(plan, ref).toBeDefined();
    if (!plan) expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
    else {
      expect(planDigest(JSON.parse(JSON.stringify(plan)) as typeof plan)).toBe(planDigest(plan));
      expect(graph(plan, 'mermaid').length + graph(plan, 'dot').length).toBeGreaterThan(0);
    }
  }
}
