import { readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import { describe, expect, it } from 'vitest';
import { MOST_WORK, timesOrdinary, worked } from '../test/work.ts';
import { bindInputs, compile, graph, type Parameter, parseCatalog, parseLock, parseValue, planDigest, resolve } from './index.ts';

const contracts = JSON.parse(readFileSync(new URL('../testdata/contracts.json', import.meta.url), 'utf8')) as TaskContract[];

function many(count: number, line: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => line(at)).join('');
}

function workflow(name: string, tasks: string): string {
  return `---\napiVersion: maestro/v1\nkind: Workflow\nmetadata: { name: ${name}, version: 1.0.0 }\nspec:\n  tasks:\n${tasks}`;
}

function task(id: string, needs = ''): string {
  return `    - { id: ${id}, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 }, needs: [${needs}] }\n`;
}

/** With bounded work. */
function quickly<T>(work: () => T): T {
  const { result, ms } = worked(work);
  expect(timesOrdinary(ms)).toBeLessThan(MOST_WORK);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  return result;
}

describe('resolve and compile', () => {
  const { catalog } = parseCatalog([{ path: 'a.yaml', text: workflow('a', task('a')) }]);

  it.each([
    '',
    '@',
    'a@',
    '@1',
    '__proto__',
    'constructor@1.0.0',
    'workflows/',
    'runbooks/toString@*',
    'a@99999999999999999999.0.0',
    'a\u0000b',
    `a@${'1.x || '.repeat(50_000)}`,
    `a@${' '.repeat(200_000)}x`,
    'x'.repeat(1_000_000),
  ])('say what is wrong with the reference %j', (ref) => {
    for (const answer of [quickly(() => resolve(catalog, contracts, ref)), quickly(() => compile(catalog, contracts, ref))]) {
      const [diagnostic] = answer.diagnostics;
      expect(diagnostic).toMatchObject({ severity: 'error', code: 'workflow-not-found', hint: expect.stringMatching(/./) });
      expect(diagnostic?.message.length).toBeLessThan(300);
    }
  });

  it.each<[string, string]>([
    ['a chain', many(1_000, (at) => task(`t${at}`, at === 0 ? '' : `t${at - 1}`))],
    ['everything at once', many(1_000, (at) => task(`t${at}`))],
    [
      'everybody needs everybody before',
      many(150, (at) =>
        task(
          `t${at}`,
          many(at, (need) => `t${need},`),
        ),
      ),
    ],
  ])('plan and draw %s', (_, tasks) => {
    const large = parseCatalog([{ path: 'a.yaml', text: workflow('a', tasks) }]).catalog;
    const { plan } = quickly(() => compile(large, contracts, 'a'));
    expect(plan).toBeDefined();
    if (!plan) return;
    expect(planDigest(JSON.parse(JSON.stringify(plan)) as typeof plan)).toBe(planDigest(plan));
    expect(quickly(() => graph(plan, 'mermaid')).split('\n').length).toBeGreaterThan(150);
    expect(quickly(() => graph(plan, 'dot')).length).toBeGreaterThan(1_000);
  });

  it('a plan does not grow with the number of times a workflow is used', () => {
    const compiled = (times: number) => {
      const using = (at: number) => many(times, (use) => `    - { id: a${use}, uses: workflows/w${at + 1}@1.0.0 }\n`);
      const text = many(10, (at) => workflow(`w${at}`, at === 9 ? task('a') : using(at)));
      return quickly(() => compile(parseCatalog([{ path: 'a.yaml', text }]).catalog, contracts, 'w0'));
    };
    expect(JSON.stringify(compiled(2).plan).length).toBeLessThan(10_000);
    // Written out it would have 20 to the power of 9 tasks: refused rather than tried.
    const { plan, diagnostics } = compiled(20);
    expect(plan).toBeUndefined();
    expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
      ['dependency-cycle', expect.stringMatching(/makes more than 10000 tasks$/)],
    ]);
  });

  it('chains of a thousand sub-workflows and those that end in themselves', () => {
    const chain = many(1_000, (at) => workflow(`w${at}`, at === 999 ? task('a') : `    - { id: a, uses: workflows/w${at + 1}@1.0.0 }\n`));
    const circle = many(300, (at) => workflow(`w${at}`, `    - { id: a, uses: workflows/w${(at + 1) % 300}@1.0.0 }\n`));
    for (const text of [chain, circle]) {
      const { plan, diagnostics } = quickly(() => compile(parseCatalog([{ path: 'a.yaml', text }]).catalog, contracts, 'w0'));
      expect(plan).toBeUndefined();
      expect(diagnostics.some(({ code }) => code === 'dependency-cycle')).toBe(true);
    }
  });
});

describe('bindInputs', () => {
  const bind = (more: Partial<Parameter>, value: unknown) =>
    quickly(() => bindInputs([{ name: 'p', type: 'string', required: true, ...more }], { p: value }));
  const letters = `${'a'.repeat(1_000_000)}!`;
  const costly = 'the input "p" cannot be checked: its schema takes too much work';

  it.each<[string, Partial<Parameter>, unknown, string]>([
    ['a pattern made for backtracking', { pattern: '^(a+)+$' }, letters, 'must match "^(a+)+$"'],
    ['a large pattern and a long text', { pattern: '^(a{30}){30}$' }, letters, costly],
    ['a schema that is all of itself', { type: 'object', schema: { allOf: [{ $ref: '#' }, { $ref: '#' }] } }, { a: 1 }, costly],
    ['100,000 levels', { type: 'array' }, JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), 'nested at most 64 levels deep'],
    ['a number that is none', { type: 'number' }, Number.NaN, 'must be JSON'],
    ['a function', { type: 'object' }, () => 1, 'must be JSON'],
    ['a value of another realm', { type: 'object' }, new Map([['a', 1]]), 'must be JSON'],
  ])('%s', (_, more, value, message) => {
    const { values, problems } = bind(more, value);
    expect(values).toBeUndefined();
    expect(problems.map((problem) => problem.message).join('\n')).toContain(message);
  });

  it('large values that are right', () => {
    expect(
      bind(
        { type: 'array', schema: { uniqueItems: true } },
        Array.from({ length: 200_000 }, (_, at) => at),
      ).problems,
    ).toEqual([]);
    const schema = {
      items: { type: 'object', properties: { a: { minimum: 0 }, b: { pattern: '^[a-z]+$' } }, additionalProperties: false },
    };
    expect(
      bind(
        { type: 'array', schema },
        Array.from({ length: 50_000 }, (_, a) => ({ a, b: 'abc' })),
      ).problems,
    ).toEqual([]);
  });

  it('names that JavaScript knows', () => {
    const given = JSON.parse('{"p": {"__proto__": {"polluted": 1}}, "__proto__": {"polluted": 1}, "constructor": 1}') as Record<
      string,
      unknown
    >;
    const { problems } = quickly(() => bindInputs([{ name: 'p', type: 'object', required: true }], given));
    expect(problems.map(({ name, code }) => `${name} ${code}`)).toEqual(['__proto__ unknown-input', 'constructor unknown-input']);
    const own = bind({ type: 'object' }, given.p);
    expect(JSON.stringify(own.values)).toBe('{"p":{"__proto__":{"polluted":1}}}');
  });
});

describe('files beside the manifests', () => {
  it.each([
    '',
    '---\n',
    'x',
    '[',
    '\u0000',
    '['.repeat(100_000),
    '"'.repeat(50_001),
    'lockVersion: 99999999999',
    'lockVersion: 1\nreferences: { __proto__: {}, constructor: { version: 1 } }\nmanifests: {}',
    'lockVersion: 1\nreferences: {}\nmanifests: {}\n'.repeat(2),
    `lockVersion: 1\nreferences: { "a@${'1.x || '.repeat(20_000)}": { version: 1.0.0 } }\nmanifests: {}`,
    `lockVersion: 1\nreferences:\n${many(5_000, (at) => `  tasks/x${at}@^1: { version: x }\n`)}manifests: {}\n`,
  ])('a lock file of another making is told with its place: %#', (text) => {
    const { lock, diagnostics } = quickly(() => parseLock({ path: 'maestro.lock.yaml', text }));
    expect(lock).toBeUndefined();
    expect(diagnostics.length).toBeGreaterThan(0);
    for (const { message, hint } of diagnostics) expect([message.length < 500, hint === undefined]).toEqual([true, false]);
  });

  it('a value is JSON, whatever YAML allows beyond', () => {
    const value = (text: string) => quickly(() => parseValue({ path: 'a.yaml', text }));
    expect(value('a: &x [1, yes]\nb: *x\n')).toEqual({ value: { a: [1, 'yes'], b: [1, 'yes'] }, diagnostics: [] });
    expect(value('')).toEqual({ value: null, diagnostics: [] });
    for (const text of [
      'a: &x [*x]',
      'a: 1\n---\nb: 2\n',
      '__proto__: { polluted: 1 }',
      'a: !!js/function x',
      '- '.repeat(1_000),
      'a: .inf',
    ]) {
      const { value: none, diagnostics } = value(text);
      expect(none).toBeUndefined();
      expect(diagnostics.length).toBeGreaterThan(0);
    }
  });
});
