import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  type CodeAction,
  CodeActionRequest,
  DefinitionRequest,
  DidChangeWatchedFilesNotification,
  DidChangeWorkspaceFoldersNotification,
  DocumentSymbolRequest,
  FileChangeType,
  type LocationLink,
  type Position,
  type TextEdit,
} from 'vscode-languageserver-protocol/node';
import { cursor, type Editor, startEditor } from './lsp-client.ts';
import { BIN, maestro } from './process.ts';
import { folder } from './project.ts';

vi.setConfig({ testTimeout: 30_000 });

const CONTRACTS = readFileSync(new URL('../../manifest/testdata/contracts.json', import.meta.url), 'utf8');

const FETCH = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0, description: Gets it }
spec:
  policy: { purpose: test, authority: me@here, license: none }
  parameters:
    - { name: bucket, type: string, required: true, description: Where it is }
  tasks:
    - id: get
      uses: connectors/s3.get@0.1.0
      with:
        bucket: \${params.bucket}
        key: raw/\${run.id}.json
    - id: pause
      uses: tasks/wait.sleep@0.1.0
      needs: [get]
      with:
        ms: 5
  outputs:
    slept: \${tasks.pause.output.slept}
`;

const DEMO = `apiVersion: maestro/v1
kind: Runbook
metadata: { name: demo, version: 1.0.0, owner: a@b }
spec:
  inputs: [{ name: bucket, type: string, required: true }]
  workflowRef: fetch@1.0.0
  policy: { purpose: test, authority: me@here, license: none }
`;

interface Opened {
  editor: Editor;
  dir: string;
  fetch: string;
  demo: string;
}

async function workspace(extra: Record<string, string> = {}, watches = true): Promise<Opened> {
  const dir = folder({
    'maestro.config.json': JSON.stringify({ packages: ['./tasks'] }),
    'tasks/package.json': JSON.stringify({
      name: 'tasks',
      version: '1.0.0',
      maestro: { tasks: './index.js', contracts: './contracts.json' },
    }),
    'tasks/contracts.json': CONTRACTS,
    'runbooks/fetch.yaml': FETCH,
    'runbooks/demo.yaml': DEMO,
    ...extra,
  });
  const editor = await startEditor([BIN, 'lsp', '--stdio'], { folder: dir, watches });
  return { editor, dir, fetch: path.join(dir, 'runbooks/fetch.yaml'), demo: path.join(dir, 'runbooks/demo.yaml') };
}

/** Where a text begins in another one. */
function at(text: string, part: string, plus = 0): Position {
  const before = text.slice(0, text.indexOf(part) + plus).split('\n');
  return { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
}

/** Edits from behind, so that the places of those before stay. */
function applied(text: string, edits: TextEdit[]): string {
  const offset = ({ line, character }: Position) => text.split('\n').slice(0, line).join('\n').length + (line > 0 ? 1 : 0) + character;
  return edits
    .toSorted((a, b) => offset(b.range.start) - offset(a.range.start))
    .reduce((changed, { range, newText }) => changed.slice(0, offset(range.start)) + newText + changed.slice(offset(range.end)), text);
}

test('it tells what lint finds at its exact place, and takes it back when it is mended', async () => {
  const { editor, fetch } = await workspace();
  expect(editor.result.capabilities).toMatchObject({ positionEncoding: 'utf-16', textDocumentSync: 2, hoverProvider: true });
  const text = FETCH.replace('bucket: ${params.bucket}', 'bucket: "😀 ${params.buckte}"').replaceAll('\n', '\r\n');
  editor.open(fetch, text);
  const [diagnostic, ...more] = await editor.diagnostics(fetch);
  expect(more).toEqual([]);
  const start = at(text, 'buckte');
  expect(diagnostic).toMatchObject({
    code: 'undeclared-parameter',
    severity: 1,
    source: 'maestro',
    range: { start, end: { line: start.line, character: start.character + 'buckte'.length } },
    codeDescription: { href: expect.stringMatching(/^file:.*\/undeclared-parameter\.md$/) },
  });
  expect(diagnostic?.message).toContain('did you mean "bucket"?');
  editor.change(fetch, [{ range: { start, end: { ...start, character: start.character + 6 } }, text: 'bucket' }]);
  expect(await editor.diagnostics(fetch)).toEqual([]);
  expect(await editor.stop()).toBe(0);
  expect(editor.stderr()).toBe('');
});

test('a change in one open file is told of the other one that depends on it', async () => {
  const { editor, fetch, demo } = await workspace();
  editor.open(fetch, FETCH);
  editor.open(demo, DEMO);
  expect(await editor.diagnostics(fetch)).toEqual([]);
  expect(await editor.diagnostics(demo)).toEqual([]);
  const start = at(FETCH, 'name: bucket', 'name: '.length);
  editor.change(fetch, [{ range: { start, end: { ...start, character: start.character + 6 } }, text: 'pail' }]);
  const found = await editor.diagnostics(demo, (diagnostics) => diagnostics.length > 0);
  expect(new Set(found.map(({ code }) => code))).toEqual(new Set(['parameter-binding']));
  // Closed without saving: what is on the disk counts again.
  await editor.close(fetch);
  await editor.diagnostics(demo, (diagnostics) => diagnostics.length === 0);
});

test('quick fixes, and all of them at once, leave a file that lints clean', async () => {
  const { editor, fetch } = await workspace();
  const broken = FETCH.replace('needs: [get]', 'nedes: [get]').replace('${params.bucket}', '${params.buckte}');
  editor.open(fetch, broken);
  expect((await editor.diagnostics(fetch)).length).toBeGreaterThanOrEqual(2);
  const textDocument = { uri: pathToFileURL(fetch).href };
  const ask = (only: string[], start: Position) =>
    editor.connection.sendRequest(CodeActionRequest.type, {
      textDocument,
      range: { start, end: start },
      context: { diagnostics: [], only },
    }) as Promise<CodeAction[]>;
  const [quick] = await ask(['quickfix'], at(broken, 'buckte', 2));
  expect(quick).toMatchObject({ title: 'Replace buckte with bucket', kind: 'quickfix', isPreferred: true });
  expect(applied(broken, quick?.edit?.changes?.[textDocument.uri] ?? [])).toContain('${params.bucket}');
  const [all] = await ask(['source.fixAll'], { line: 0, character: 0 });
  const mended = applied(broken, all?.edit?.changes?.[textDocument.uri] ?? []);
  expect(mended).toBe(FETCH);
  editor.change(fetch, [{ text: mended }]);
  expect(await editor.diagnostics(fetch)).toEqual([]);
});

test('hovering tells the type of an expression, a task and a field', async () => {
  const { editor, fetch } = await workspace();
  editor.open(fetch, FETCH);
  const hover = (part: string, plus = 1) => editor.hover(fetch, at(FETCH, part, plus));
  expect(await hover('params.bucket', 8)).toBe('```\nparams.bucket: string\n```\n\nWhere it is');
  expect(await hover('output.slept', 8)).toMatch(/tasks\.pause\.output\.slept: (int|number|double)/);
  expect(await hover('tasks.pause.output', 14)).toContain('slept: ');
  expect(await hover('connectors/s3.get')).toContain('Effect: `read`');
  expect(await hover('id: get', 5)).toMatch(/^```\ntasks\.get\.output: /);
  expect(await hover('name: bucket', 7)).toBe('```\nparams.bucket: string\n```\n\nWhere it is');
  expect(await hover('ms: 5')).toContain('**ms**: number');
  expect(await hover('policy: {')).toContain('The policy context of the run');
});

test('definitions: of a task its contract, of the others their place', async () => {
  const { editor, dir, fetch, demo } = await workspace();
  editor.open(fetch, FETCH);
  editor.open(demo, DEMO);
  const definition = async (file: string, text: string, part: string, plus: number) => {
    const found = (await editor.connection.sendRequest(DefinitionRequest.type, {
      textDocument: { uri: pathToFileURL(file).href },
      position: at(text, part, plus),
    })) as LocationLink[];
    return found.map(({ targetUri, targetSelectionRange }) => [targetUri, targetSelectionRange.start]);
  };
  const fetchUri = pathToFileURL(fetch).href;
  expect(await definition(demo, DEMO, 'workflowRef: fetch', 14)).toEqual([[fetchUri, at(FETCH, 'name: fetch', 6)]]);
  expect(await definition(fetch, FETCH, 'needs: [get]', 9)).toEqual([[fetchUri, at(FETCH, 'id: get', 4)]]);
  expect(await definition(fetch, FETCH, 'tasks.pause', 8)).toEqual([[fetchUri, at(FETCH, 'id: pause', 4)]]);
  expect(await definition(fetch, FETCH, 'params.bucket', 8)).toEqual([[fetchUri, at(FETCH, 'name: bucket', 6)]]);
  const [[uri, start] = []] = await definition(fetch, FETCH, 'connectors/s3.get', 3);
  expect(uri).toBe(pathToFileURL(path.join(dir, 'tasks/contracts.json')).href);
  expect(CONTRACTS.split('\n')[(start as Position).line]).toContain('"connectors/s3.get"');
});

test('completion inside an expression, of `uses` and of `needs`, also in text that is not YAML yet', async () => {
  const { editor, fetch } = await workspace();
  editor.open(fetch, FETCH);
  const labels = async (from: string, to: string) => {
    const { text, position } = cursor(FETCH.replace(from, to));
    editor.change(fetch, [{ text }]);
    return (await editor.completions(fetch, position)).map(({ label }) => label);
  };
  expect(await labels('${params.bucket}', '${params.|')).toEqual(['bucket']);
  expect(await labels('${params.bucket}', '"${|')).toEqual(expect.arrayContaining(['params', 'run', 'secrets']));
  expect(await labels('ms: 5', 'ms: ${tasks.|}')).toEqual(['get']);
  expect(await labels('${tasks.pause.output.slept}', '${tasks.pause.output.|}')).toEqual(['slept']);
  expect(await labels('uses: connectors/s3.get@0.1.0', 'uses: |')).toEqual(
    expect.arrayContaining(['connectors/s3.get@0.1.0', 'tasks/wait.sleep@0.2.0', 'workflows/fetch@1.0.0']),
  );
  expect(await labels('needs: [get]', 'needs: [|')).toEqual(['get']);
  expect(await labels('        key: raw', '        |\n        key: raw')).toEqual(['region', 'endpoint', 'forcePathStyle', 'as']);
  expect(await labels('        key: raw', '        reg|\n        key: raw')).toContain('region');
  expect(await labels('      needs: [get]', '      n|')).toEqual(expect.arrayContaining(['needs', 'when', 'compensate']));
  expect(await labels('        key: raw', '        forcePathStyle: |\n        key: raw')).toEqual(['true', 'false']);
  editor.change(fetch, [{ text: FETCH }]);
  const symbols = await editor.connection.sendRequest(DocumentSymbolRequest.type, { textDocument: { uri: pathToFileURL(fetch).href } });
  expect(JSON.stringify(symbols)).toContain('"Workflow fetch"');
});

test('files that change on the disk, tasks that are installed anew, and a configuration that is wrong', async () => {
  const { editor, dir, fetch, demo } = await workspace();
  editor.open(demo, DEMO);
  expect(await editor.diagnostics(demo)).toEqual([]);
  const told = (file: string, type: FileChangeType) =>
    editor.connection.sendNotification(DidChangeWatchedFilesNotification.type, { changes: [{ uri: pathToFileURL(file).href, type }] });
  rmSync(fetch);
  await told(fetch, FileChangeType.Deleted);
  const [missing] = await editor.diagnostics(demo, (diagnostics) => diagnostics.length > 0);
  expect(missing?.code).toBe('workflow-not-found');
  writeFileSync(fetch, FETCH);
  await told(fetch, FileChangeType.Created);
  await editor.diagnostics(demo, (diagnostics) => diagnostics.length === 0);

  editor.open(fetch, FETCH);
  await editor.diagnostics(fetch, (diagnostics) => diagnostics.length === 0);
  // Nobody tells of this one: it may be in node_modules.
  writeFileSync(path.join(dir, 'tasks/contracts.json'), '[]');
  const unknown = await editor.diagnostics(fetch, (diagnostics) => diagnostics.length > 0);
  expect(new Set(unknown.map(({ code }) => code))).toEqual(new Set(['unknown-task']));

  const config = path.join(dir, 'maestro.config.json');
  writeFileSync(config, '{ "packges": [] }');
  await told(config, FileChangeType.Changed);
  await editor.diagnostics(fetch, ([first]) => first?.code === 'CONFIG_INVALID');
  writeFileSync(path.join(dir, 'tasks/contracts.json'), CONTRACTS);
  writeFileSync(config, JSON.stringify({ packages: ['./tasks'] }));
  await told(config, FileChangeType.Changed);
  await editor.diagnostics(fetch, (diagnostics) => diagnostics.length === 0);
});

test('ranges are what the lock file says, which is read again when it changes', async () => {
  const { editor, dir, fetch } = await workspace({ 'runbooks/fetch.yaml': FETCH.replace('s3.get@0.1.0', 's3.get@^0.1') });
  const lockFile = path.join(dir, 'runbooks/maestro.lock.yaml');
  editor.open(fetch, FETCH.replace('s3.get@0.1.0', 's3.get@^0.1'));
  expect((await editor.diagnostics(fetch)).map(({ code }) => code)).toEqual(['floating-version']);
  const locked = maestro(dir, ['lock']);
  expect(await locked.ended, locked.stderr).toBe(0);
  await editor.diagnostics(fetch, (diagnostics) => diagnostics.length === 0);
  writeFileSync(lockFile, 'lockVersion: 99\n');
  const broken = await editor.diagnostics(lockFile, (diagnostics) => diagnostics.length > 0);
  expect(broken[0]?.source).toBe('maestro');
});

test('for an editor that watches no files it watches the catalog itself', async () => {
  const { editor, fetch, demo } = await workspace({}, false);
  editor.open(demo, DEMO);
  expect(await editor.diagnostics(demo)).toEqual([]);
  writeFileSync(fetch, FETCH.replace('name: bucket', 'name: pail').replace('params.bucket', 'params.pail'));
  const found = await editor.diagnostics(demo, (diagnostics) => diagnostics.length > 0);
  expect(new Set(found.map(({ code }) => code))).toEqual(new Set(['parameter-binding']));
});

test('the source of a task is where its package ships it', async () => {
  const { editor, dir, fetch } = await workspace({
    'tasks/src/connectors/s3.get.ts': "// Gets\nexport const s3Get = { name: 'connectors/s3.get' };\n",
  });
  editor.open(fetch, FETCH);
  const [found] = (await editor.connection.sendRequest(DefinitionRequest.type, {
    textDocument: { uri: pathToFileURL(fetch).href },
    position: at(FETCH, 'connectors/s3.get', 3),
  })) as LocationLink[];
  expect(found?.targetUri).toBe(pathToFileURL(path.join(dir, 'tasks/src/connectors/s3.get.ts')).href);
  expect(found?.targetSelectionRange.start.line).toBe(1);
});

test('each folder of the workspace has its own configuration, one that is opened later too', async () => {
  const { editor, fetch } = await workspace();
  const other = folder({
    'maestro.config.json': JSON.stringify({ catalogs: ['flows'], packages: [] }),
    'flows/deep/fetch.yaml': FETCH,
  });
  editor.open(fetch, FETCH);
  expect(await editor.diagnostics(fetch)).toEqual([]);
  await editor.connection.sendNotification(DidChangeWorkspaceFoldersNotification.type, {
    event: { added: [{ uri: pathToFileURL(other).href, name: 'other' }], removed: [] },
  });
  const file = path.join(other, 'flows/deep/fetch.yaml');
  editor.open(file, FETCH);
  expect((await editor.diagnostics(file)).map(({ code }) => code)).toEqual(['unknown-task', 'unknown-task']);
  expect(await editor.diagnostics(fetch)).toEqual([]);
});

test('other YAML is left alone; a manifest outside of the catalogs is not', async () => {
  const { editor, dir } = await workspace();
  const other = path.join(dir, 'compose.yaml');
  editor.open(other, 'services: { web: { image: nginx } }\n');
  const loose = path.join(dir, 'loose.yaml');
  editor.open(loose, DEMO.replace('fetch@1.0.0', 'fetch@2.0.0').replace('name: demo', 'name: loose'));
  const [found] = await editor.diagnostics(loose);
  expect(found?.code).toBe('workflow-not-found');
  expect(await editor.hover(other, { line: 0, character: 2 })).toBe('');
  editor.change(other, [{ text: DEMO.replace('name: demo', 'name: other') }]);
  expect(await editor.diagnostics(other)).toEqual([]);
});

test('every prefix of a file is answered', async () => {
  const { editor, fetch } = await workspace();
  editor.open(fetch, '');
  for (let end = 0; end <= FETCH.length; end += 23) {
    const text = FETCH.slice(0, end);
    editor.change(fetch, [{ text }]);
    const position = at(`${text}\0`, '\0');
    await editor.hover(fetch, position);
    await editor.completions(fetch, position);
  }
  editor.change(fetch, [{ text: FETCH }]);
  expect(await editor.diagnostics(fetch)).toEqual([]);
  expect(editor.logged()).toEqual([]);
});

test('it ends when the editor hangs up, and when the process of the editor dies', async () => {
  const { editor } = await workspace();
  editor.child.stdin?.end();
  expect(await editor.ended).toBe(1);

  const client = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  onTestFinished(() => void client.kill('SIGKILL'));
  const orphan = await startEditor([BIN, 'lsp', '--stdio'], { folder: folder(), processId: client.pid as number });
  client.kill('SIGKILL');
  expect(await orphan.ended).toBe(1);
});
