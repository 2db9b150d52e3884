import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TaskContract } from '@summit/maestro-sdk';
import { expect, test, vi } from 'vitest';
import { cursor, type Editor, startEditor } from './lsp-client.ts';
import { maestro } from './process.ts';
import { folder } from './project.ts';

vi.setConfig({ testTimeout: 30_000 });

const SERVER = fileURLToPath(new URL('../node_modules/yaml-language-server/bin/yaml-language-server', import.meta.url));
const CONTRACTS = (
  JSON.parse(readFileSync(new URL('../../manifest/testdata/contracts.json', import.meta.url), 'utf8')) as TaskContract[]
).map(describeFields);
const MODELINE = '# yaml-language-server: $schema=./maestro.schema.json\n';

const CLEAN = `${MODELINE}apiVersion: maestro/v1
kind: Runbook
metadata: { name: demo, version: 1.0.0, owner: a@b }
spec:
  inputs: [{ name: bucket, type: string, required: true }]
  workflowRef: demo@^1.0
  with: { bucket: "\${inputs.bucket}" }
---
${MODELINE}apiVersion: maestro/v1
kind: Workflow
metadata: { name: demo, version: 1.0.0 }
spec:
  parameters:
    - { name: bucket, type: string, required: true, description: Where it is }
    - { name: pause, type: integer, default: 5 }
  tasks:
    - id: fetch
      uses: connectors/s3.get@^0.1
      with:
        bucket: \${params.bucket}
        key: raw/\${run.id}.json
    - id: wait
      uses: tasks/wait.sleep@0.1.0
      with:
        ms: \${params.pause * 1000}
`;

/** Fields as published tasks have them: each says what it is. */
function describeFields(contract: TaskContract): TaskContract {
  const properties = Object.entries(contract.input.properties as { [name: string]: object });
  const described = properties.map(([name, schema]) => [name, { ...schema, description: `The ${name} of ${contract.name}` }]);
  return { ...contract, input: { ...contract.input, properties: Object.fromEntries(described) } };
}

/** The real server on a project whose tasks are those of the contracts, with the schema that \`maestro schema\` wrote. */
async function open(marked: string): Promise<{ editor: Editor; file: string; at: ReturnType<typeof cursor>['position'] }> {
  const dir = folder({
    'maestro.config.json': JSON.stringify({ packages: ['./tasks'] }),
    'tasks/package.json': JSON.stringify({
      name: 'tasks',
      version: '1.0.0',
      maestro: { tasks: './index.js', contracts: './contracts.json' },
    }),
    'tasks/contracts.json': JSON.stringify(CONTRACTS),
    'runbooks/demo.yaml': CLEAN,
  });
  const written = maestro(dir, ['schema', '-o', 'runbooks/maestro.schema.json']);
  expect(await written.ended, written.stderr).toBe(0);
  const { text, position } = cursor(marked);
  const file = path.join(dir, 'runbooks', 'edited.yaml');
  writeFileSync(file, text);
  const yaml = { validate: true, hover: true, completion: true, schemaStore: { enable: false }, schemas: {} };
  const editor = await startEditor([SERVER, '--stdio'], { folder: dir, settings: { yaml } });
  editor.open(file, text);
  return { editor, file, at: position };
}

test('a clean file with expressions in several documents has no diagnostics, a misspelt field has one', async () => {
  const { editor, file } = await open(`${CLEAN}|`);
  expect(await editor.diagnostics(file)).toEqual([]);
  const line = CLEAN.split('\n').findIndex((text) => text.includes('bucket: ${params.bucket}'));
  editor.change(file, [{ range: { start: { line, character: 8 }, end: { line, character: 14 } }, text: 'buckte' }]);
  const found = await editor.diagnostics(file, (diagnostics) => diagnostics.length > 0);
  expect(found.map(({ message, range }) => [message, range.start.line])).toEqual(
    expect.arrayContaining([['Property buckte is not allowed.', line]]),
  );
  expect(found.map(({ message }) => message)).toContain('Missing property "bucket".');
  expect(found).toHaveLength(2);
});

test('it completes `uses` with the installed tasks, each with what it does', async () => {
  const { editor, file, at } = await open(CLEAN.replace('uses: tasks/wait.sleep@0.1.0', 'uses: |'));
  const items = await editor.completions(file, at);
  const labels = items.map(({ label }) => label);
  expect(labels).toContain('connectors/s3.get@0.1.0');
  expect(labels).toContain('tasks/wait.sleep@0.1.0');
  expect(labels).toContain('workflows/demo@1.0.0');
  const item = items.find(({ label }) => label === 'connectors/s3.get@0.1.0');
  expect(JSON.stringify(item?.documentation)).toContain('Effect: read');
});

test('inside `with` it offers the fields of that task and only these, with their descriptions', async () => {
  const first = await open(CLEAN.replace('        key: raw', '        |\n        key: raw'));
  const s3 = await first.editor.completions(first.file, first.at);
  expect(s3.map(({ label }) => label)).not.toContain('ms');
  expect(s3.map(({ label }) => label)).not.toContain('key');
  expect(s3.map(({ label }) => label)).toContain('region');
  for (const { label, documentation } of s3) expect(JSON.stringify(documentation), label).toContain('of connectors/s3.get');
  const second = await open(
    CLEAN.replace(
      '        ms: ${params.pause * 1000}',
      '        |\n    - id: after\n      uses: tasks/wait.sleep@0.2.0\n      with: { ms: 1 }',
    ),
  );
  const sleep = await second.editor.completions(second.file, second.at);
  expect(sleep.map(({ label }) => label)).toContain('ms');
  expect(sleep.map(({ label }) => label)).not.toContain('bucket');
});

test('it completes the workflows of the catalog and the parameters of the one that a runbook runs', async () => {
  const ref = await open(CLEAN.replace('workflowRef: demo@^1.0', 'workflowRef: |'));
  expect((await ref.editor.completions(ref.file, ref.at)).map(({ label }) => label)).toContain('demo@1.0.0');
  const bindings = await open(CLEAN.replace('with: { bucket: "${inputs.bucket}" }', 'with:\n    b|'));
  expect((await bindings.editor.completions(bindings.file, bindings.at)).map(({ label }) => label)).toEqual(['bucket', 'pause']);
});

test('a task that undoes has the fields of that task, and a new document starts with its kind', async () => {
  const undo = CLEAN.replace(
    '    - id: wait\n',
    '      compensate:\n        uses: tasks/wait.sleep@0.2.0\n        with:\n          m|\n    - id: wait\n',
  );
  const compensate = await open(undo);
  const fields = (await compensate.editor.completions(compensate.file, compensate.at)).map(({ label }) => label);
  expect(fields).toContain('ms');
  expect(fields).not.toContain('bucket');
  const kind = await open(`${MODELINE}apiVersion: maestro/v1\nkind: |\n`);
  expect((await kind.editor.completions(kind.file, kind.at)).map(({ label }) => label)).toEqual(['Runbook', 'Workflow']);
});

test('hovering a field of `with` shows its description, hovering `uses` the task', async () => {
  const field = await open(CLEAN.replace('        ms:', '        m|s:'));
  expect(await field.editor.hover(field.file, field.at)).toMatch(/^The ms of tasks\/wait\.sleep$/m);
  const uses = await open(CLEAN.replace('uses: tasks/wait.sleep', 'uses: tasks/wa|it.sleep'));
  expect(await uses.editor.hover(uses.file, uses.at)).toMatch(/Effect: none/);
});
