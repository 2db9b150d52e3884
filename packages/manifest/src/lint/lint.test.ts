import { readdirSync, readFileSync } from 'node:fs';
import { contractOf, type DeclaredTask, PRESENT_WHEN, type TaskContract } from '@summit/maestro-sdk';
import { tasks } from '@summit/maestro-tasks-core';
import { describe, expect, it } from 'vitest';
import { MOST_WORK, timesOrdinary, worked } from '../../test/work.ts';
import { parseCatalog } from '../parse/catalog.ts';
import { lint } from './lint.ts';

const testdata = new URL('../../testdata/', import.meta.url);
const contracts = JSON.parse(readFileSync(new URL('contracts.json', testdata), 'utf8')) as TaskContract[];

function codes(...texts: string[]): string[] {
  const { catalog } = parseCatalog(texts.map((text, at) => ({ path: `${at}.yaml`, text })));
  return lint(catalog, contracts).map(({ code, file, range }) => `${file}:${range.start.line} ${code}`);
}

const runbook = `apiVersion: maestro/v1
kind: Runbook
metadata: { name: a, version: 1.0.0, owner: a@b }
spec: { workflowRef: b@1.0.0 }
`;
const workflow = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: b, version: 1.0.0 }
spec:
  tasks:
    - { id: x, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }
`;

describe('lint', () => {
  describe('the output of a task that depends on its input', () => {
    const contract = (part: Partial<TaskContract>): TaskContract => ({ ...(contracts[0] as TaskContract), examples: [], ...part });
    const fetch = contract({
      name: 'tasks/fetch',
      version: '1.0.0',
      input: { type: 'object', properties: { as: { enum: ['text', 'json'], default: 'text' } }, additionalProperties: false },
      output: {
        type: 'object',
        properties: { body: { type: 'string', [PRESENT_WHEN]: { as: ['text'] } }, json: { [PRESENT_WHEN]: { as: ['json'] } } },
      },
    });
    const take = contract({
      name: 'tasks/take',
      version: '1.0.0',
      input: { type: 'object', properties: { value: {} }, required: ['value'], additionalProperties: false },
      output: { type: 'object', properties: {} },
    });
    const found = (given: string, read: string) => {
      const text = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: b, version: 1.0.0 }
spec:
  policy: { purpose: p, authority: a, license: l }
  parameters: [{ name: as, type: string, required: true, enum: [text, json] }]
  tasks:
    - { id: x, uses: tasks/fetch@1.0.0, with: ${given} }
    - { id: y, uses: tasks/take@1.0.0, needs: [x], with: { value: "\${tasks.x.output.${read}}" } }
    - { id: z, uses: tasks/take@1.0.0, with: { value: "\${params.as}" } }
`;
      const { catalog } = parseCatalog([{ path: 'a.yaml', text }]);
      return lint(catalog, [fetch, take]).map(({ message }) => message);
    };

    it.each([
      ['{}', 'body'],
      ['{ as: text }', 'body'],
      ['{ as: json }', 'json'],
      ['{ as: "${params.as}" }', '?json.orValue(1)'],
    ])('with %s has %s', (given, read) => expect(found(given, read)).toEqual([]));

    it.each([
      ['{}', 'json', 'has no field "json"'],
      ['{ as: json }', 'body', 'has no field "body"'],
      ['{ as: "${params.as}" }', 'json', 'may be absent'],
    ])('with %s has not %s', (given, read, message) => expect(found(given, read)).toEqual([expect.stringContaining(message)]));
  });

  it('finds nothing in the shipped runbooks, with the tasks they ship with', () => {
    const folder = new URL('../../../../runbooks/', import.meta.url);
    const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
    const { catalog } = parseCatalog(files.map((name) => ({ path: name, text: readFileSync(new URL(name, folder), 'utf8') })));
    expect(catalog.manifests.length).toBeGreaterThanOrEqual(2);
    expect(
      lint(
        catalog,
        tasks.map((task) => contractOf(task as unknown as DeclaredTask)),
      ),
    ).toEqual([]);
  });

  it('tells all problems of all files, in the order of files and places', () => {
    const text = workflow.replace('wait.sleep', 'wait.slep').replace('{ ms: 1 }', '{ ms: "${nope}" }');
    expect(codes(text, runbook.replace('b@1', 'c@1'))).toEqual([
      '0.yaml:6 unknown-task',
      '0.yaml:6 unknown-reference',
      '1.yaml:4 workflow-not-found',
    ]);
    expect(codes(runbook, text)).toEqual(['1.yaml:6 unknown-task', '1.yaml:6 unknown-reference']);
  });

  it('does not blame a runbook for a workflow that cannot be read', () => {
    expect(codes(runbook, workflow.replace('spec:', 'spec: ['))).toEqual(['1.yaml:6 yaml-syntax']);
    expect(codes(runbook, workflow.replace('1.0.0', '1.0'))).toEqual(['1.yaml:3 manifest-schema']);
  });

  it('runs the rules that are asked for', () => {
    const { catalog } = parseCatalog([{ path: 'a.yaml', text: workflow.replace('wait.sleep@0.1.0', 'wait.slep@0.1.0') }]);
    expect(lint(catalog, contracts, { rules: ['task-input'] })).toEqual([]);
    expect(lint(catalog, contracts, { rules: ['unknown-task'] })).toHaveLength(1);
  });

  it('stays quick on hostile manifests', () => {
    const many = (count: number, line: (at: number) => string) => Array.from({ length: count }, (_, at) => line(at)).join('');
    const head = workflow.slice(0, workflow.indexOf('    - {'));
    const hostile = [
      // A long chain, everybody needing everybody before, tasks that all fail, and a very large input.
      head +
        many(
          1_000,
          (at) => `    - { id: t${at}, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 }, needs: [${at === 0 ? '' : `t${at - 1}`}] }\n`,
        ),
      head +
        many(
          200,
          (at) => `    - { id: t${at}, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 }, needs: [${many(at, (need) => `t${need},`)}] }\n`,
        ),
      head + many(1_000, (at) => `    - { id: t${at}, uses: tasks/x@1, nmae: x, with: { a: "\${tasks.t${at}.x}" } }\n`),
      head +
        many(
          1_000,
          (at) =>
            `    - { id: t${at}, uses: tasks/wait.sleep@0.1.0, needs: [t${(at + 1) % 1_000}], with: { ms: "\${tasks.t0.output.slept}" } }\n`,
        ),
      `${head}    - { id: a, uses: ops/disclosure.package@0.1.0, with: { outPath: x, files: [${many(20_000, (at) => `{ pth: f${at} },`)}] } }\n`,
      `${head}    - { id: a, uses: tasks/wait.sleep@0.1.0, with: { ms: "\${${'('.repeat(100_000)}" } }\n`,
      `${head}    - { id: a, uses: tasks/wait.sleep@0.1.0, with: { ms: "${'${1+1}'.repeat(30_000)}" } }\n`,
      `${head}    - { id: a, uses: "tasks/x@${'1.'.repeat(100)}", with: {} }\n`,
    ];
    for (const text of hostile) {
      const { ms } = worked(() => codes(text));
      expect(timesOrdinary(ms), text.slice(0, 300)).toBeLessThan(MOST_WORK);
    }
  }, 60_000);
});
