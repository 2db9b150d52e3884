import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { contractOf, type DeclaredTask, type TaskContract } from '@summit/maestro-sdk';
import { tasks } from '@summit/maestro-tasks-core';
import { describe, expect, it } from 'vitest';
import { applyFixes } from '../format/apply-fixes.ts';
import { formatDiagnostics } from '../format/format.ts';
import { parseCatalog } from '../parse/catalog.ts';
import { lint } from './lint.ts';
import { rules } from './rules/index.ts';

const root = new URL('../../../../', import.meta.url);
const testdata = new URL('../../testdata/', import.meta.url);
const bases = {
  /** Shipped, with the tasks that are shipped. */
  packager: {
    path: 'disclosure-packager.yaml',
    text: readFileSync(new URL('runbooks/disclosure-packager.yaml', root), 'utf8'),
    contracts: tasks.map((task) => contractOf(task as unknown as DeclaredTask)),
  },
  /** Every field of the language. */
  language: {
    path: 'language.yaml',
    text: readFileSync(new URL('ok/language.yaml', testdata), 'utf8'),
    contracts: JSON.parse(readFileSync(new URL('contracts.json', testdata), 'utf8')) as TaskContract[],
  },
};

interface Mutation {
  base: keyof typeof bases;
  /** Stands once in the base, or what is meant is the first. */
  from: string;
  to: string;
  /** Where the finding starts: this text in the changed line; otherwise the place of the change. */
  at?: string;
}

const m = (base: Mutation['base'], from: string, to: string, at?: string): Mutation => ({
  base,
  from,
  to,
  ...(at === undefined ? {} : { at }),
});

/** One mistake each, by the rule that has to find it. */
const mutations: { [code: string]: Mutation[] } = {
  'yaml-syntax': [
    m('packager', '      required: true\n', '      required: true\n\ttype: object\n', '\t'),
    m('packager', '        outPath: bundle.zip', '        outPath: bundle.zip\n        outPath: other.zip', 'outPath: other'),
    m('language', 'with: { bucket: "${item}", key: "part-${index}" }', 'with: { bucket: ${item}, key: "part-${index}" }', '${item}'),
    m('packager', 'purpose: disclosure', 'purpose: "disclosure', '"disclosure'),
  ],
  'manifest-schema': [
    m('packager', '  workflowRef: disclosure', '  workflowref: disclosure', 'workflowref'),
    m('packager', '  owner: compliance@summit', '  owner: compliance', 'compliance'),
    m('packager', 'version: 1.0.0', 'version: 1.0', '1.0'),
    m('packager', '    required: true\n    approvers', '    required: yes please\n    approvers', 'yes please'),
    m('language', '  timeout: 2h', '  timeout: 2 hours', '2 hours'),
    m('language', 'maxParallel: 4', 'maxParalel: 4', 'maxParalel'),
    m('language', 'when: ${params.notify}', 'when: params.notify', 'params.notify'),
    m('language', '  dryRun: true', '  dryRun: sometimes', 'sometimes'),
    m('language', 'onError: continue', 'onError: ignore', 'ignore'),
  ],
  'duplicate-id': [
    m('language', '    - id: report', '    - id: fetch', 'fetch'),
    m('language', '    - id: goodbye', '    - id: alert', 'alert'),
  ],
  'duplicate-manifest': [
    m(
      'language',
      '---\napiVersion',
      '---\napiVersion: maestro/v1\nkind: Runbook\nmetadata: { name: everything, version: 1.0.0, owner: a@b }\nspec: { workflowRef: pause@1.2.0 }\n---\napiVersion',
      'everything',
    ),
    m(
      'packager',
      '---\n',
      '---\napiVersion: maestro/v1\nkind: Workflow\nmetadata: { name: disclosure-packager, version: 1.0.0 }\nspec:\n  tasks: [{ id: wait, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }]\n---\n',
      'disclosure-packager',
    ),
  ],
  'unknown-task': [
    m('packager', 'ops/disclosure.package@', 'ops/disclosure.packge@', 'ops/disclosure.packge'),
    m('language', 'uses: workflows/pause@1.2.0', 'uses: workflows/puase@1.2.0', 'workflows/puase'),
  ],
  'unsatisfied-version': [
    m('packager', 'ops/disclosure.package@0.1.0', 'ops/disclosure.package@^7.0', '^7.0'),
    m('language', 'uses: workflows/pause@1.2.0', 'uses: workflows/pause@2.0.0', '2.0.0'),
  ],
  'unknown-need': [
    m('language', 'needs: [announce, pause]', 'needs: [anounce, pause]', 'anounce'),
    m('language', '    - id: goodbye\n', '    - id: goodbye\n      needs: [fetch]\n', 'fetch'),
  ],
  'dependency-cycle': [
    m('language', '    - id: announce\n', '    - id: announce\n      needs: [report]\n', 'report'),
    m(
      'language',
      '    - { id: sleep, uses: tasks/wait.sleep@0.1.0, with: { ms: "${params.ms}" } }',
      '    - { id: sleep, uses: workflows/pause@1.2.0, with: { ms: "${params.ms}" } }',
      'workflows/pause',
    ),
  ],
  'expression-syntax': [
    m('packager', '${params.files.items}', '${params.files.}', '}'),
    m('language', '${params.notify}', '${params.notify &&}', '}'),
    m('language', 'mapping: { bytes: row.size }', 'mapping: { bytes: row.size + }', ' }'),
  ],
  'expression-type': [
    m('language', '"starting ${run.id}"', '"${run.id + 1}"', 'run.id'),
    m('language', 'in: ${params.hosts}', 'in: ${params.hosts[0]}', '${params.hosts[0]}'),
    m('language', '${run.status != "cancelled"}', '${run.status}', '${run.status}'),
    m('language', 'fetch ${tasks.fetch.status}" }', '${string(size(tasks.fetch.output))}" }', 'tasks.fetch.output'),
    m('language', 'mapping: { bytes: row.size }', 'filter: row.size', 'row.size'),
  ],
  'unknown-reference': [
    m('packager', '${tasks.package.output.bundle}', '${tasks.package.output.bundel}', 'bundel'),
    m('packager', '${tasks.package.output.manifest}', '${tasks.packge.output.manifest}', 'packge'),
    m('language', 'key: "part-${index}"', 'key: "part-${idx}"', 'idx'),
    m('language', 'one.slept', 'one.sleept', 'sleept'),
    m('language', 'mapping: { bytes: row.size }', 'mapping: { bytes: rwo.size }', 'rwo'),
    m('language', 'mapping: { bytes: row.size }', 'mapping: { bytes: row.size, of: [params.ms] }', 'params'),
    m('language', 'mapping: { bytes: row.size }', 'mapping: { bytes: row.sise }', 'sise'),
  ],
  'undeclared-parameter': [
    m('packager', 'files: ${params.files.items}', 'files: ${params.file.items}', 'file'),
    m('language', 'when: ${params.notify}', 'when: ${params.notfy}', 'notfy'),
  ],
  'not-an-ancestor': [
    m('language', '      needs: [shape]\n', '', 'tasks.gate'),
    m('language', '      needs: [announce, pause]\n', '      needs: [announce]\n', 'tasks.pause'),
  ],
  'task-input': [
    m('packager', 'outPath: bundle.zip', 'outpath: bundle.zip', 'outpath'),
    m('packager', 'files: ${params.files.items}', 'files: ${params.files}', '${params.files}'),
    m('language', 'with: { ms: 10 }', 'with: { ms: soon }', 'soon'),
    m('language', 'with: { ms: "${item}" }', 'with: { ms: "${string(item)}" }', '"${string(item)}"'),
    m('language', 'approvers: [sre-oncall]', 'approvers: sre-oncall', 'sre-oncall'),
  ],
  'workflow-not-found': [
    m('packager', 'workflowRef: disclosure-packager@1.0.0', 'workflowRef: disclosure-packger@1.0.0', 'disclosure-packger'),
    m('packager', 'workflowRef: disclosure-packager@1.0.0', 'workflowRef: disclosure-packager@2.0.0', '2.0.0'),
  ],
  'parameter-binding': [
    m(
      'packager',
      "    - name: files\n      type: object\n      required: true\n      description: '",
      "    - name: flies\n      type: object\n      required: true\n      description: '",
      'flies',
    ),
    m('language', '- { name: notify, type: boolean, default: true }', '- { name: notify, type: string, default: "yes" }', 'notify'),
    m('language', '- { name: notify, type: boolean, default: true }', '- { name: notify, type: boolean }', 'notify'),
  ],
  'unused-parameter': [
    m('packager', '  parameters:\n', '  parameters:\n    - { name: note, type: string }\n', 'note'),
    m(
      'language',
      '  parameters: [{ name: ms, type: integer, default: 5 }]',
      '  parameters: [{ name: ms, type: integer, default: 5 }, { name: until, type: datetime }]',
      'until',
    ),
  ],
  'secret-placement': [
    m(
      'language',
      'webhook: ${secrets.SLACK_WEBHOOK_URL}',
      'webhook: https://hooks.example.org/${secrets.SLACK_PATH}',
      'secrets.SLACK_PATH',
    ),
    m('packager', 'bundle: ${tasks.package.output.bundle}', 'bundle: ${secrets.BUNDLE}', '${secrets.BUNDLE}'),
  ],
  'secret-literal': [
    m(
      'language',
      'webhook: ${secrets.SLACK_WEBHOOK_URL}',
      'webhook: https://hooks.slack.com/services/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',
      'https://hooks',
    ),
    m('packager', 'purpose: disclosure', 'purpose: disclosure with AKIAIOSFODNN7EXAMPLE', 'disclosure with'),
  ],
  'hardcoded-approval': [
    m('language', 'approvers: [sre-oncall]\n', 'approvers: [sre-oncall]\n        approved: true\n', 'true'),
    m('language', 'approvers: [sre-oncall]\n', 'approvers: [sre-oncall]\n        approved: ${1 < 2}\n', '${1 < 2}'),
  ],
  'missing-policy': [
    m('language', '  policy: { purpose: demo, authority: sre@summit, license: internal }\n', '', 'everything@1.0.0'),
    m(
      'packager',
      '  policy:\n    purpose: disclosure\n    authority: compliance@summit\n    license: internal-review\n',
      '',
      'disclosure-packager@1.0.0',
    ),
  ],
  'untrusted-code': [
    m('language', 'mapping: { bytes: row.size }', 'mapper: "return { bytes: row.size }"', 'mapper'),
    m('language', 'mapping: { bytes: row.size }', 'mapper: |\n          return { bytes: row.size }', 'mapper'),
  ],
  'deprecated-task': [
    m('language', 'uses: tasks/wait.sleep@0.1.0', 'uses: tasks/pause@0.1.0', 'tasks/pause'),
    m('language', 'uses: tasks/wait.sleep@0.1.0', 'uses: "tasks/pause@0.1.0"', 'tasks/pause'),
  ],
  'floating-version': [
    m('language', 'uses: workflows/pause@1.2.0', 'uses: workflows/pause@^1.0', '^1.0'),
    m('packager', 'ops/disclosure.package@0.1.0', 'ops/disclosure.package@^0.1', '^0.1'),
  ],
};

const table = Object.entries(mutations).flatMap(([code, list]) =>
  list.map((mutation, at) => [`${code}.${at + 1}`, code, mutation] as const),
);

function findings(base: (typeof bases)['packager'], text: string) {
  return lint(parseCatalog([{ path: base.path, text }]).catalog, base.contracts);
}

describe('a single mistake in a clean runbook', () => {
  it('is tried for every rule, at least twice', () => {
    expect(table.length).toBeGreaterThanOrEqual(60);
    for (const { code } of rules) expect(mutations[code]?.length, code).toBeGreaterThanOrEqual(2);
    for (const base of Object.values(bases)) expect(findings(base, base.text), base.path).toEqual([]);
  });

  it.each(table)('%s gives exactly one finding', async (name, code, { base: key, from, to, at }) => {
    const base = bases[key];
    const change = base.text.indexOf(from);
    expect(change, `${from} is not in ${base.path}`).toBeGreaterThanOrEqual(0);
    const text = base.text.slice(0, change) + to + base.text.slice(change + from.length);
    const found = findings(base, text);
    expect(found.map((diagnostic) => `${diagnostic.code}: ${diagnostic.message}`)).toHaveLength(1);
    const [diagnostic] = found;
    expect(diagnostic?.code).toBe(code);
    expect(diagnostic?.hint).toBeTruthy();
    const { line, col } = diagnostic?.range.start ?? { line: 0, col: 0 };
    if (at !== undefined)
      expect(
        text
          .split('\n')
          [line - 1]?.slice(col - 1)
          .startsWith(at),
        `at ${line}:${col}`,
      ).toBe(true);
    const shown = formatDiagnostics(found, new Map([[base.path, text]]), 'pretty');
    const golden = `${base.path}: ${JSON.stringify(from)} -> ${JSON.stringify(to)}\n\n${shown}`;
    await expect(golden).toMatchFileSnapshot(fileURLToPath(new URL(`mutations/${name}.out`, testdata)));
    if (diagnostic?.fix) expect(findings(base, applyFixes(text, found).text)).toEqual([]);
  });
});
