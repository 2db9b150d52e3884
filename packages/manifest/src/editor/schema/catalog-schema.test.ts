import { readdirSync, readFileSync } from 'node:fs';
import type { JsonSchema, TaskContract } from '@summit/maestro-sdk';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { rules } from '../../lint/rules/index.ts';
import { parseCatalog } from '../../parse/catalog.ts';
import { catalogSchema } from './catalog-schema.ts';

const testdata = new URL('../../../testdata/', import.meta.url);
const runbooks = new URL('../../../../../runbooks/', import.meta.url);
const installed = JSON.parse(readFileSync(new URL('contracts.json', testdata), 'utf8')) as TaskContract[];
const core = JSON.parse(readFileSync(new URL('../../../../tasks-core/dist/contracts.json', import.meta.url), 'utf8')) as TaskContract[];

/** A validator for the catalog of one text; tells the paths of what is wrong in each of its documents. */
function validator(contracts: readonly TaskContract[], catalog = '') {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(catalogSchema(parseCatalog(catalog === '' ? [] : [{ path: 'a.yaml', text: catalog }]).catalog, contracts));
  return (text: string) =>
    parseAllDocuments(text).flatMap((document) =>
      validate(document.toJS()) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`),
    );
}

function task(name: string, input: JsonSchema, version = '1.0.0'): TaskContract {
  return {
    name,
    version,
    title: 'T',
    description: 'D',
    effect: 'none',
    durable: false,
    input,
    output: {},
    examples: [],
    secrets: [],
    digest: '',
  };
}

function using(uses: string, input: string): string {
  return `apiVersion: maestro/v1
kind: Workflow
metadata: { name: a, version: 1.0.0 }
spec: { tasks: [{ id: a, uses: "${uses}", with: ${input} }] }
`;
}

describe('every valid manifest is valid', () => {
  it.each(readdirSync(new URL('ok/', testdata)))('testdata/ok/%s', (name) => {
    const text = readFileSync(new URL(`ok/${name}`, testdata), 'utf8');
    expect(validator(installed, text)(text)).toEqual([]);
  });

  it.each(readdirSync(runbooks).filter((name) => name.endsWith('.yaml')))('runbooks/%s', (name) => {
    const text = readFileSync(new URL(name, runbooks), 'utf8');
    expect(validator(core, text)(text)).toEqual([]);
  });

  it('the good example of every rule', () => {
    const check = validator(installed);
    for (const { code, examples } of rules) expect(check(examples.good), code).toEqual([]);
  });
});

describe('the schema of `with`', () => {
  const counted = task('tasks/count', {
    type: 'object',
    properties: {
      by: { type: 'integer', description: 'How many', default: 1 },
      mode: { enum: ['up', 'down'] },
      more: { type: 'array', items: { type: 'boolean' } },
    },
    required: ['by'],
    additionalProperties: false,
  });

  it('is that of the task, with an expression possible everywhere', () => {
    const check = validator([counted, ...installed]);
    expect(check(using('tasks/count@^1', '{ by: "${params.n}", mode: "${params.m}", more: ["${params.x}", true] }'))).toEqual([]);
    expect(check(using('tasks/count@^1', '{ by: 1, more: "${params.x}" }'))).toEqual([]);
    expect(check(using('tasks/count@1.0.0', '{ bye: 1 }')).join()).toContain('must NOT have additional properties');
    expect(check(using('tasks/count@1.0.0', '{ bye: 1 }')).join()).toContain("must have required property 'by'");
    expect(check(using('tasks/count@1.0.0', '{ by: one }')).join()).toContain('/spec/tasks/0/with/by');
    expect(check(using('tasks/count@1.0.0', '{ by: 1, mode: sideways }')).join()).toContain('/spec/tasks/0/with/mode');
    expect(check(using('tasks/count@1.0.0', '{ by: 1, more: [yes] }')).join()).toContain('/spec/tasks/0/with/more');
  });

  it('keeps what tells people about a field', () => {
    const { definitions } = catalogSchema(parseCatalog([]).catalog, [counted]) as { definitions: { [name: string]: JsonSchema } };
    expect(definitions['tasks.count@1.0.0']).toMatchObject({
      description: 'T\n\nD',
      properties: { by: { description: 'How many', default: 1, anyOf: [{ type: 'integer' }, { type: 'string' }] } },
    });
  });

  it('is that of the task that undoes, and of those at the end', () => {
    const check = validator([counted]);
    const workflow = (undo: string, last: string) => `apiVersion: maestro/v1
kind: Workflow
metadata: { name: a, version: 1.0.0 }
spec:
  tasks: [{ id: a, uses: tasks/count@1.0.0, with: { by: 1 }, compensate: { uses: tasks/count@1.0.0, with: ${undo} } }]
  finally: [{ id: b, uses: tasks/count@1.0.0, with: ${last} }]
`;
    expect(check(workflow('{ by: "${tasks.a.output.n}" }', '{ by: 2 }'))).toEqual([]);
    expect(check(workflow('{ bye: 1, by: 1 }', '{ by: 2 }')).join()).toContain('/spec/tasks/0/compensate/with');
    expect(check(workflow('{ by: 1 }', '{ by: two }')).join()).toContain('/spec/finally/0/with/by');
  });

  it('is that of the version that a range selects; of an unusual range any there is', () => {
    const old = task('tasks/count', { type: 'object', properties: { step: {} }, additionalProperties: false }, '0.2.0');
    const check = validator([old, counted]);
    for (const range of ['0.2.0', '^0.2', '~0.2.0', '0.x']) expect(check(using(`tasks/count@${range}`, '{ step: 1 }'))).toEqual([]);
    for (const range of ['1.0.0', '^1', '1.x', '*']) expect(check(using(`tasks/count@${range}`, '{ step: 1 }'))).not.toEqual([]);
    for (const input of ['{ by: 1 }', '{ step: 1 }']) expect(check(using('tasks/count@>=0.1 <3', input))).toEqual([]);
    expect(check(using('tasks/count@>=0.1 <3', '{ other: 1 }'))).not.toEqual([]);
    expect(check(using('tasks/not-installed@1.0.0', '{ other: 1 }'))).toEqual([]);
  });

  it('survives everything that schemas of tasks may say', () => {
    const odd = task('tasks/odd', {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'https://example.org/odd',
      type: 'object',
      $defs: {
        tree: { type: 'object', properties: { children: { type: 'array', items: { $ref: '#/$defs/tree' } } }, additionalProperties: false },
      },
      properties: {
        tree: { $ref: '#/$defs/tree' },
        pair: { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'boolean' }], items: false },
        flagged: { type: 'string', pattern: '(?i)abc' },
        one: {
          oneOf: [
            { type: 'object', properties: { a: { type: 'integer' } } },
            { type: 'object', properties: { a: { type: 'boolean' } } },
          ],
        },
        when: {
          type: 'object',
          properties: { kind: { type: 'string' }, n: { type: 'integer' } },
          if: { properties: { kind: { const: 'n' } }, required: ['kind'] },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
          then: { required: ['n'] },
        },
        short: { type: 'string', maxLength: 3 },
        time: { type: 'string', format: 'made-up' },
        no: { not: { type: 'string' } },
      },
      dependentRequired: { pair: ['tree'] },
      'x-ours': true,
    });
    const check = validator([odd]);
    const ok = (input: string) => expect(check(using('tasks/odd@1.0.0', input)), input).toEqual([]);
    const bad = (input: string) => expect(check(using('tasks/odd@1.0.0', input)), input).not.toEqual([]);
    ok('{ tree: { children: [{ children: "${params.x}" }, "${params.y}"] } }');
    bad('{ tree: { children: [{ childs: [] }] } }');
    ok('{ tree: {}, pair: [1, "${params.y}"] }');
    bad('{ tree: {}, pair: [true, 1] }');
    bad('{ pair: [1, true] }');
    ok('{ flagged: ABC, one: { a: "${params.y}" }, short: "${params.long}", time: now, no: "${params.y}" }');
    ok('{ when: { kind: "${params.y}" } }');
    bad('{ when: { kind: n } }');
    ok('{ when: { kind: m } }');
    bad('{ short: long }');
  });
});

describe('references', () => {
  const catalog = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.2.0, description: Gets it }
spec:
  parameters: [{ name: bucket, type: string, required: true }, { name: tries, type: integer }]
  tasks: [{ id: wait, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }]
`;
  const runbook = (ref: string, bindings: string) => `apiVersion: maestro/v1
kind: Runbook
metadata: { name: fetch, version: 1.0.0, owner: a@b }
spec: { workflowRef: "${ref}", with: ${bindings} }
`;

  it('select the parameters of a workflow, for a runbook without those that an input may bind', () => {
    const check = validator(installed, catalog);
    expect(check(runbook('fetch@^1.0', '{ tries: 3 }'))).toEqual([]);
    expect(check(runbook('fetch@1.2.0', '{ tries: "${inputs.n}" }'))).toEqual([]);
    expect(check(runbook('fetch@1.2.0', '{ trys: 3 }')).join()).toContain('additional properties');
    expect(check(runbook('other@1.2.0', '{ trys: 3 }'))).toEqual([]);
    expect(check(runbook('Fetch', '{}'))).not.toEqual([]);
    const sub = check(using('workflows/fetch@^1.2', '{ tries: 3 }')).join();
    expect(sub).toContain("must have required property 'bucket'");
  });
});
