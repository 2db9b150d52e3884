import { readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import { describe, expect, it } from 'vitest';
import { MOST_WORK, timesOrdinary, worked } from '../../test/work.ts';
import { compile, type Diagnostic, graph, lint, parseCatalog, planDigest } from '../index.ts';

const contracts = JSON.parse(readFileSync(new URL('../../testdata/contracts.json', import.meta.url), 'utf8')) as TaskContract[];

const head = 'apiVersion: maestro/v1\nkind: Workflow\nmetadata: { name: a, version: 1.0.0 }\nspec:\n';
const sleep = '    - { id: a, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }\n';
const workflow = `${head}  tasks:\n${sleep}`;

function many(count: number, line: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => line(at)).join('');
}

function parameter(text: string): string {
  return `${head}  parameters:\n    - { name: p, required: false, ${text} }\n  tasks:\n${sleep}`;
}

function sleeping(ms: string): string {
  return `${head}  tasks:\n    - id: a\n      uses: tasks/wait.sleep@0.1.0\n      with: { ms: ${ms} }\n`;
}

/** Lints with bounded work, and holds every finding to what a reader needs of it. */
function check(...texts: string[]): Diagnostic[] {
  const inherited = Reflect.ownKeys(Object.prototype).length;
  const files = texts.map((text, at) => ({ path: `${at}.yaml`, text }));
  const { result, ms } = worked(() => {
    const { catalog } = parseCatalog(files);
    return { catalog, found: lint(catalog, contracts) };
  });
  expect(timesOrdinary(ms)).toBeLessThan(MOST_WORK);
  const { catalog, found } = result;
  for (const manifest of catalog.manifests.slice(0, 3)) {
    const { plan, diagnostics } = manifest.name === undefined ? { diagnostics: [] } : compile(catalog, contracts, manifest.name);
    if (plan) {
      expect(planDigest(JSON.parse(JSON.stringify(plan)) as typeof plan)).toBe(planDigest(plan));
      expect(graph(plan, 'mermaid')).toContain('flowchart');
    } else if (manifest.name !== undefined) expect(diagnostics.length).toBeGreaterThan(0);
  }
  for (const { file, range, message, hint } of found) {
    const lines = (texts[Number.parseInt(file, 10)] as string).split('\n');
    expect(range.start.line).toBeGreaterThan(0);
    expect(range.end.line).toBeLessThanOrEqual(lines.length);
    expect(range.start.col).toBeLessThanOrEqual((lines[range.start.line - 1] as string).length + 1);
    expect(message.length).toBeLessThan(1_000);
    expect(hint).toBeTruthy();
    expect(hint?.length).toBeLessThan(1_000);
  }
  expect(Reflect.ownKeys(Object.prototype)).toHaveLength(inherited);
  return found;
}

const told = (...texts: string[]): string[] => check(...texts).map(({ code, range, message }) => `${range.start.line} ${code} ${message}`);

describe('text that is none', () => {
  it.each<[string, string, string]>([
    ['UTF-16', Buffer.from(workflow, 'utf16le').toString('utf8'), 'the file is not UTF-8; it looks like UTF-16'],
    ['UTF-16 with a mark', Buffer.from(`\ufeff${workflow}`, 'utf16le').toString('utf8'), 'the file is not UTF-8; it looks like UTF-16'],
    [
      'Latin-1',
      Buffer.from(`# caf\xe9\n${workflow}`, 'latin1').toString('utf8'),
      'the file is not UTF-8: here are bytes that stand for no',
    ],
    ['an image', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').toString('utf8'), 'the file is not UTF-8'],
    ['a byte order mark in the middle', `${workflow}---\n\ufeff${workflow}`, 'a byte order mark in the middle of the file'],
    ['line ends of old', workflow.replaceAll('\n', '\r'), 'a carriage return without a line feed'],
    ['C1 controls', workflow.replace('spec:', '# \x9b2J\nspec:'), 'control character U+009B'],
    ['half a pair', workflow.replace('spec:', '# \ud83d\nspec:'), 'half of a surrogate pair, U+D83D'],
    ['half a pair, escaped', `${workflow}  outputs: { a: "x\\ud83dy" }\n`, 'an escape here is half of a surrogate pair'],
    ['a hexadecimal number too many', sleeping(`0x${'F'.repeat(50)}`), 'is too large to be exact'],
    ['a number of 100,000 digits', sleeping('9'.repeat(100_000)), 'is not a number that JSON can hold'],
    ['a function', sleeping('!!js/function "f(){}"'), 'unresolved tag: tag:yaml.org,2002:js/function'],
    ['bytes', sleeping('!!binary aGVsbG8='), 'unresolved tag: tag:yaml.org,2002:binary'],
    ['a key that is a list', '? [a, b]\n: 1\n', 'a key must be a plain string'],
    ['a key of 2,000 letters', `${head}  ${'k'.repeat(2_000)}: 1\n`, 'a key of more than 1024 characters'],
    ['only an alias of 200,000 letters', '*'.repeat(200_000), 'has no anchor before it'],
    ['only marks', '--- ---\n---', 'must be a mapping'],
    ['many empty documents', '---\n'.repeat(90_000), 'the file holds no manifest'],
    ['a YAML 1.1 boolean, asked for', `%YAML 1.1\n---\n${parameter('type: boolean, default: yes')}`, 'must be true or false, found "yes"'],
    ['a date', sleeping('2026-01-31'), 'must be a number, found "2026-01-31"'],
    ['an octal number of YAML 1.1, as text', `${head}  tasks:\n    - { id: 010, uses: tasks/x@1 }\n`, 'digits and dashes, found 010'],
  ])('%s', (_, text, message) => {
    expect(told(text).join('\n')).toContain(message);
  });

  it('leaves good text alone', () => {
    for (const text of [
      `\ufeff${workflow.replaceAll('\n', '\r\n')}`,
      workflow.replace('{ name: a, version: 1.0.0 }', '{ name: a, version: 1.0.0, description: "\\ud83d\\ude00 😀 \u2028\\0" }'),
      workflow.replace('ms: 1 ', 'ms: &unused 0x1F '),
      `%YAML 1.2\n---\n${workflow}...\n`,
    ]) {
      expect(told(text)).toEqual([]);
    }
  });
});

describe('names that JavaScript knows', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype'])('%s', (name) => {
    const node = `{ ${name}: { polluted: true }, constructor: { prototype: { polluted: true } } }`;
    check(
      `${head}  tasks:\n    - { id: ${name}, uses: tasks/${name}@0.1.0, needs: [${name}], with: ${node} }\n  outputs: ${node}\n`,
      parameter(`type: object, default: ${node}, schema: { properties: ${node}, required: [${name}], $ref: "#/${name}" }`),
      workflow.replace('version: 1.0.0', `version: 1.0.0, labels: { ${name}: x }`),
      workflow.replace('name: a', `name: ${name.toLowerCase()}`),
      workflow.replace('kind: Workflow', `kind: ${name}`),
      `apiVersion: maestro/v1\nkind: Runbook\nmetadata: { name: r, version: 1.0.0, owner: a@b }\nspec: { workflowRef: a@1.0.0, inputs: [{ name: ${name}, type: string }], with: ${node} }\n`,
      `${name}: 1\n`,
      sleeping(`"\${params.${name}}"`),
      sleeping(`"\${tasks.${name}.output.${name}}"`),
      sleeping(`"\${{'${name}': 1}.${name}}"`),
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(told(`${workflow}  ${name}: 1\n`)).toHaveLength(1);
  });
});

describe('schemas and patterns of a manifest', () => {
  const deep = (count: number, keyword: string) =>
    many(count, (at) => `d${at}: { ${keyword}: [{ $ref: "#/$defs/d${at + 1}" }, { $ref: "#/$defs/d${at + 1}" }] }, `);
  const costly = 'cannot be checked: its schema takes too much work';
  const value = 'default: { a: 1 }';

  it.each<[string, string, string]>([
    ['all of itself', `${value}, schema: { allOf: [{ $ref: "#" }, { $ref: "#" }] }`, costly],
    ['any of itself', `${value}, schema: { anyOf: [{ $ref: "#" }, { $ref: "#" }, { type: string }] }`, costly],
    ['if itself', `${value}, schema: { if: { $ref: "#" }, then: { $ref: "#" }, else: { $ref: "#" } }`, costly],
    [
      'alternatives that double',
      `${value}, schema: { $ref: "#/$defs/d0", $defs: { ${deep(60, 'anyOf')} d60: { required: [z] } } }`,
      costly,
    ],
    ['parts that double', `${value}, schema: { $ref: "#/$defs/d0", $defs: { ${deep(60, 'allOf')} d60: { required: [z] } } }`, costly],
    ['itself', `${value}, schema: { $ref: "#" }`, 'leads to no schema: "#"'],
    ['each other', `${value}, schema: { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } }`, 'leads to no'],
    ['a part of JavaScript', `${value}, schema: { $ref: "#/constructor/prototype" }`, 'leads to no schema'],
    ['a broken escape', `${value}, schema: { $ref: "#/%E0%A4%A" }`, 'leads to no schema'],
    ['40,000 required properties', `${value}, schema: { required: [${many(40_000, (at) => `v${at},`)}] }`, 'and 39992 more'],
    ['40,000 choices', `default: {}, schema: { additionalProperties: { enum: [${many(40_000, (at) => `v${at},`)}] } }`, ''],
    [
      '9,000 unknown properties among 9,000',
      `default: { ${many(9_000, (at) => `w${at}: 1,`)} }, schema: { additionalProperties: false, properties: { ${many(9_000, (at) => `v${at}: {},`)} } }`,
      'has an unknown property "w0"',
    ],
    [
      '300 patterns for 2,000 names',
      `default: { ${many(2_000, (at) => `a${at}: 1, `)} }, schema: { patternProperties: { ${many(300, (at) => `"(a|b)*${at}(a{100}){8}": {}, `)} } }`,
      costly,
    ],
  ])('%s', (_, text, message) => {
    expect(told(parameter(`type: object, ${text}`)).join('\n')).toContain(message);
  });

  it.each<[string, string, string]>([
    ['backtracking', `default: "${'a'.repeat(100_000)}!", pattern: "^(a+)+$"`, 'must match "^(a+)+$"'],
    ['backtracking on a number', `default: ${'1'.repeat(100)}.5, pattern: "^(1+)+$"`, 'must be a string'],
    ['syntax of another engine, on a number', 'default: 5, pattern: "(?i)[[:alpha:]]\\\\pN"', 'must be a string, found 5'],
    ['100,000 characters', `default: x, pattern: "${'a'.repeat(100_000)}"`, 'must be an RE2 regular expression'],
    ['repeated repetitions', 'default: x, pattern: "(a{1000}){1000}"', 'must be an RE2 regular expression'],
    ['many large classes', `default: x, pattern: "${'(\\\\pL{1000})'.repeat(60)}"`, 'no large repetitions in repetitions'],
    ['a large pattern, a long text', `default: "${'a'.repeat(100_000)}!", pattern: "^(a{30}){30}$"`, costly],
    [
      '10,000 of them',
      `default: x, schema: { anyOf: [${many(100, () => `{ anyOf: [${many(90, (at) => `{ pattern: "(x*){9${at}}" },`)}] },`)}] }`,
      costly,
    ],
  ])('a pattern: %s', (_, text, message) => {
    expect(told(parameter(`type: string, ${text}`)).join('\n')).toContain(message);
  });

  it('shares the work among all parameters of a file', () => {
    const parameters = many(
      200,
      (at) => `    - { name: p${at}, type: object, default: {}, schema: { allOf: [{ $ref: "#" }, { $ref: "#" }] } }\n`,
    );
    const text = `${head}  parameters:\n${parameters}  tasks:\n${sleep}`;
    expect(told(text).filter((line) => line.includes(costly))).toHaveLength(1);
    check(`${text}---\n`.repeat(20));
  });
});

describe('expressions', () => {
  it.each<[string, string, string]>([
    ['a sum of 250,000', `"\${${'1+'.repeat(250_000)}1}"`, 'the limit is 10000'],
    ['brackets', `"\${${'('.repeat(250_000)}1${')'.repeat(250_000)}}"`, 'the limit is 10000'],
    ['a text of 900,000', `"\${'${'x'.repeat(900_000)}'}"`, 'the limit is 10000'],
    ['200,000 in one text', `"${'${a}'.repeat(200_000)}"`, 'more than 1000 expressions in one text'],
    ['300,000 that do not end', `"${'${'.repeat(300_000)}"`, 'without its `}`'],
    ['comments', `"\${${'//x}'.repeat(200_000)}"`, 'swallows the `}`'],
    ['quotes', `"\${${"'".repeat(500_000)}}"`, 'the limit is 10000'],
    ['a hostile pattern', `"\${'a'.matches('(a{1000}){1000}') ? 1 : 2}"`, ''],
  ])('%s', (_, ms, message) => {
    expect(told(sleeping(ms)).join('\n')).toContain(message);
  });
});

describe('many of everything', () => {
  const task = (id: string, needs: string) => `    - { id: ${id}, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 }, needs: [${needs}] }\n`;

  it.each<[string, string, string]>([
    ['tasks', `${head}  tasks:\n${many(5_000, (at) => task(`t${at}`, ''))}`, 'the file is too large'],
    ['tasks within the size of a file', `${head}  tasks:\n${many(2_000, (at) => task(`t${at}`, ''))}`, 'must have at most 1000 items'],
    [
      'needs',
      `${head}  tasks:\n${task(
        'a',
        many(10_000, (at) => `n${at},`),
      )}`,
      'must have at most 1000 items',
    ],
    ['tasks in a circle', `${head}  tasks:\n${many(1_000, (at) => task(`t${at}`, `t${(at + 1) % 1_000}`))}`, '-> (985 more) ->'],
    ['tasks of one id', `${head}  tasks:\n${many(1_000, () => task('t', 't'))}`, 'duplicate task id "t"'],
    [
      'needs that are nearly right',
      `${head}  tasks:\n${many(1_000, (at) => task('a'.repeat(90) + at, `b${'a'.repeat(89)}${at}`))}`,
      'has no such task',
    ],
    ['findings', many(10_000, () => '--- x\n'), '9001 more findings in this file are not listed'],
    ['manifests in a file', many(1_200, () => `${workflow}---\n`), 'more findings in this file are not listed'],
    ['duplicate keys', `${head}${many(5_000, () => '  a: 1\n')}`, 'duplicate key "a"'],
    ['letters in a line', `${head}  tasks: ["${'x'.repeat(1_000_000)}"]\n`, 'must be a mapping'],
    ['letters in a file', `a: "${'x'.repeat(50_000_000)}"`, 'the file is too long'],
    ['quotes', `a: ${'"'.repeat(50_001)}`, 'not YAML'],
    ['commas', `[${','.repeat(50_000)}]`, 'not YAML'],
  ])('%s', (_, text, message) => {
    const found = told(text);
    expect(found.join('\n')).toContain(message);
    expect(found.length).toBeLessThanOrEqual(1_000);
  });

  it('aliases, in a value and below a merge key', () => {
    const names = [...'abcdefghij'];
    const bomb = (open: string, each: (name: string, at: number) => string, close: string) =>
      `x: &a { y: 1 }\n${names
        .slice(1)
        .map((name, at) => `${name}: &${name} ${open}${many(9, (count) => each(names[at] as string, count))}${close}\n`)
        .join('')}`;
    const expanding = 'aliases expand to more than 100000 values';
    expect(told(bomb('[', (name) => `*${name}, `, ']')).join('\n')).toContain(expanding);
    expect(told(bomb('{', (name, at) => `k${at}: *${name}, `, '}')).join('\n')).toContain(expanding);
    expect(told(bomb('{ <<: [', (name) => `*${name}, `, '] }')).join('\n')).toContain('merge keys (<<) are not supported');
  });

  it('workflows that use each other', () => {
    const using = (at: number, uses: string) =>
      `---\napiVersion: maestro/v1\nkind: Workflow\nmetadata: { name: w${at}, version: 1.0.0 }\nspec:\n  tasks:\n    - { id: a, uses: ${uses} }\n    - { id: b, uses: ${uses} }\n  outputs: { a: "\${tasks.a.output}", b: "\${tasks.b.output}" }\n`;
    const last = using(999, 'tasks/wait.sleep@0.1.0, with: { ms: 1 }');
    check(many(999, (at) => using(at, `workflows/w${at + 1}@1.0.0`)) + last);
    check(many(1_000, (at) => using(at, `workflows/w${(at + 1) % 1_000}@1.0.0`)));
    check(many(30, (at) => using(at, `workflows/w${at + 1}@1.0.0`)) + last.replace('w999', 'w30'));
    expect(told(using(0, 'workflows/w0@1.0.0')).join('\n')).toContain('w0');
  });
});
