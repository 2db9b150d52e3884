import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { contractOf, type DeclaredTask } from '@summit/maestro-sdk';
import { describe, expect, test } from 'vitest';
import { folder } from '../../test/project.ts';
import { execute } from '../testing.ts';

const SDK = import.meta.resolve('@summit/maestro-sdk');
const LOCK = 'runbooks/maestro.lock.yaml';

/** A task package with one task, which tells its version. */
function taskPackage(at: string, version: string, more: { input?: object } = {}): Record<string, string> {
  const input = { type: 'object', properties: { text: { type: 'string' } }, additionalProperties: false, ...more.input };
  const output = { type: 'object', properties: { version: { type: 'string' } }, required: ['version'], additionalProperties: false };
  const declaration = { name: 'tasks/tell', version, title: 'T', description: 'D', effect: 'none', examples: [], input, output };
  const task = { ...declaration, execute: async () => ({ payload: { version } }) };
  return {
    [`${at}/package.json`]: JSON.stringify({
      name: '@acme/tasks',
      version,
      type: 'module',
      maestro: { tasks: './index.js', contracts: './contracts.json' },
    }),
    [`${at}/contracts.json`]: JSON.stringify([contractOf(task as unknown as DeclaredTask)]),
    [`${at}/index.js`]: `import '${SDK}';\nexport const tasks = [{ ...${JSON.stringify(declaration)}, async execute() { return { payload: { version: '${version}' } }; } }];\n`,
  };
}

const manifests = (uses: string[]) => `apiVersion: maestro/v1
kind: Runbook
metadata: { name: tell, version: 1.0.0, owner: ops@test }
spec: { workflowRef: tell@^1.0 }
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: tell, version: 1.0.0 }
spec:
  tasks:
${uses.map((ref, at) => `    - { id: t${at}, uses: tasks/tell@${ref}, with: { text: x } }\n`).join('')}  outputs:
${uses.map((_, at) => `    v${at}: \${tasks.t${at}.output.version}\n`).join('')}`;

/** `@acme/tasks` 2.0.0, and 1.0.0 of it under an npm alias. */
function project(extra: Record<string, string> = {}, uses = ['^1.0', '^2.0']): string {
  return folder({
    'maestro.config.json': JSON.stringify({ packages: ['@acme/tasks', '@acme/tasks-v1'], identity: { user: 'ada' } }),
    ...taskPackage('node_modules/@acme/tasks', '2.0.0'),
    ...taskPackage('node_modules/@acme/tasks-v1', '1.0.0'),
    'runbooks/tell.yaml': manifests(uses),
    ...extra,
  });
}

async function locked(extra?: Record<string, string>, uses?: string[]): Promise<string> {
  const cwd = project(extra, uses);
  expect(await execute(['lock'], { cwd })).toMatchObject({ code: 0, stderr: '' });
  return cwd;
}

describe('maestro lock', () => {
  test('writes what everything resolves to, once', async () => {
    const cwd = project();
    expect(await execute(['lock'], { cwd })).toEqual({ code: 0, stdout: `wrote ${LOCK}: 3 references, 2 manifests\n`, stderr: '' });
    const text = readFileSync(path.join(cwd, LOCK), 'utf8');
    expect(text).toMatch(/\n {2}tasks\/tell@\^1\.0:\n {4}version: 1\.0\.0\n {4}digest: sha256:[0-9a-f]{64}\n/);
    expect(text).toMatch(/\n {2}workflows\/tell@\^1\.0:\n {4}version: 1\.0\.0\nmanifests:\n/);
    expect(readdirSync(path.join(cwd, 'runbooks')).sort()).toEqual(['maestro.lock.yaml', 'tell.yaml']);
    expect((await execute(['lock'], { cwd })).stdout).toBe(`${LOCK} is up to date: 3 references, 2 manifests\n`);
    expect(await execute(['lock', '--check'], { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
    // The file is no manifest, also when it is named.
    expect(await execute(['lint'], { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await execute(['lint', LOCK, 'runbooks/tell.yaml'], { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('says what an update changed', async () => {
    const cwd = await locked({}, ['>=1']);
    for (const [name, text] of Object.entries(taskPackage('node_modules/@acme/tasks', '3.0.0'))) writeFileSync(path.join(cwd, name), text);
    expect((await execute(['lock', '--check'], { cwd })).stderr).toContain('tasks/tell@>=1 is locked to 2.0.0, which is not there');
    expect((await execute(['lock'], { cwd })).stdout).toBe(`wrote ${LOCK}: 2 references, 2 manifests\n  tasks/tell@>=1  2.0.0 -> 3.0.0\n`);
  });

  test('two versions of one task from aliased packages run in one workflow', async () => {
    const cwd = await locked();
    const { code, stdout } = await execute(['run', 'tell', '--ephemeral', '--locked', '--json'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('"v0":"1.0.0"');
    expect(stdout).toContain('"v1":"2.0.0"');
  });

  test('keeps out what is newer', async () => {
    const cwd = await locked({ 'maestro.config.json': JSON.stringify({ packages: ['@acme/tasks-v1'] }) }, ['>=1']);
    writeFileSync(path.join(cwd, 'maestro.config.json'), JSON.stringify({ packages: ['@acme/tasks', '@acme/tasks-v1'] }));
    const version = async () => JSON.parse((await execute(['plan', 'tell', '--json'], { cwd })).stdout).plan.tasks[0].uses.version;
    expect(await version()).toBe('1.0.0');
    expect(await execute(['lint', '--locked'], { cwd })).toMatchObject({ code: 0 });
    rmSync(path.join(cwd, LOCK));
    expect(await version()).toBe('2.0.0');
  });

  test('a locked version that is not installed ends plan and lint at its reference', async () => {
    const cwd = await locked({}, ['>=1']);
    writeFileSync(path.join(cwd, 'maestro.config.json'), JSON.stringify({ packages: ['@acme/tasks-v1'] }));
    const lint = await execute(['lint'], { cwd });
    expect(lint.code).toBe(1);
    expect(lint.stdout).toContain('the lock file says that "tasks/tell@>=1" is "2.0.0", which is not there; there is "1.0.0"');
    expect(await execute(['plan', 'tell'], { cwd })).toMatchObject({ code: 2, stdout: '' });
  });

  test('refuses a catalog that cannot be resolved, one without manifests, and one that cannot be read', async () => {
    const unresolved = await execute(['lock'], { cwd: project({}, ['^9.0']) });
    expect(unresolved).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('error LOCK_REFUSED: the catalog cannot be locked: 1 error'),
    });
    expect(unresolved.stderr).toContain('runbooks/tell.yaml:11:34 error [unsatisfied-version]');
    const cwd = project();
    rmSync(path.join(cwd, 'runbooks/tell.yaml'));
    expect(await execute(['lock'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('error CATALOG_EMPTY') });
    symlinkSync('gone.yaml', path.join(cwd, 'runbooks/x.yaml'));
    expect(await execute(['lock'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('error CATALOG_UNREADABLE') });
    expect(existsSync(path.join(cwd, LOCK))).toBe(false);
  });

  test('leaves a read-only file and a folder in its place alone', async () => {
    const cwd = await locked();
    writeFileSync(path.join(cwd, 'runbooks/tell.yaml'), manifests(['1.0.0']));
    chmodSync(path.join(cwd, LOCK), 0o444);
    const before = readFileSync(path.join(cwd, LOCK), 'utf8');
    const { code, stderr } = await execute(['lock'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('maestro.lock.yaml: the file is read-only');
    expect(readFileSync(path.join(cwd, LOCK), 'utf8')).toBe(before);
    expect(readdirSync(path.join(cwd, 'runbooks'))).toHaveLength(2);
    rmSync(path.join(cwd, LOCK));
    mkdirSync(path.join(cwd, LOCK));
    expect(await execute(['lock'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('error LOCK_UNREADABLE') });
  });
});

describe('--locked', () => {
  const commands = [
    ['lock', '--check'],
    ['lint', '--locked'],
    ['plan', 'tell', '--locked'],
    ['run', 'tell', '--ephemeral', '--locked'],
  ];

  test.each(commands)('%s %s refuses without a lock file, with a broken one, and what deviates', async (...argv) => {
    const cwd = project();
    expect(await execute(argv, { cwd })).toEqual({
      code: 1,
      stdout: '',
      stderr: `error LOCK_MISSING: there is no lock file: ${LOCK}\n  next: write it with \`maestro lock\` and keep it with the manifests\n`,
    });
    writeFileSync(path.join(cwd, LOCK), 'lockVersion: 1\nreferences: {}\nmanifest: {}\n');
    const broken = await execute(argv, { cwd });
    expect(broken).toMatchObject({ code: 1, stdout: '' });
    expect(broken.stderr).toContain(`${LOCK}:3:1 error [manifest-schema]`);
    expect(broken.stderr).toContain('error LOCK_BROKEN');
    await execute(['lock'], { cwd });
    // Another manifest, a new reference, another contract of the same version, a version that is gone.
    writeFileSync(path.join(cwd, 'runbooks/tell.yaml'), manifests(['^1.0', '^2.0', '*']).replace('ops@test', 'dev@test'));
    for (const [name, text] of Object.entries(taskPackage('node_modules/@acme/tasks-v1', '1.0.0', { input: { required: ['text'] } }))) {
      writeFileSync(path.join(cwd, name), text);
    }
    for (const [name, text] of Object.entries(taskPackage('node_modules/@acme/tasks', '2.1.0'))) writeFileSync(path.join(cwd, name), text);
    const { code, stdout, stderr } = await execute(argv, { cwd });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const [first, ...problems] = stderr.split('\n');
    expect(first).toBe(`error LOCK_DEVIATES: 5 deviations from ${LOCK}`);
    expect(problems.join('\n')).toMatch(
      /^ {2}- tasks\/tell@\* is not in the lock file; it resolves to 2\.1\.0: .*\n {2}- tasks\/tell@\^1\.0: the contract of version 1\.0\.0 is sha256:\S+, locked is sha256:\S+ .*\n {2}- tasks\/tell@\^2\.0 is locked to 2\.0\.0, which is not there: .*\n {2}- runbooks\/tell@1\.0\.0 was changed: .*\n {2}- workflows\/tell@1\.0\.0 was changed: .*\n {2}next: nothing was done/,
    );
  });

  test('a broken lock file ends a plan, and is a finding of lint', async () => {
    const cwd = project({ [LOCK]: 'references: [' });
    expect(await execute(['plan', 'tell'], { cwd })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('error LOCK_BROKEN'),
    });
    const { code, stdout } = await execute(['lint'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^runbooks\/maestro\.lock\.yaml:1:14 error \[yaml-syntax\] the lock file cannot be read: /);
    expect(stdout).toMatch(/\n1 error in 1 file\n$/);
    // It is written anew, not mended.
    expect(await execute(['lock'], { cwd })).toMatchObject({ code: 0, stdout: `wrote ${LOCK}: 3 references, 2 manifests\n` });
  });

  test('the lock file of a folder that is no configured catalog is beside its manifests', async () => {
    const cwd = project();
    mkdirSync(path.join(cwd, 'other'));
    writeFileSync(path.join(cwd, 'other/tell.yaml'), manifests(['^1.0']));
    expect(await execute(['lock', '--catalog', 'other'], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('wrote other/maestro.lock.yaml'),
    });
    expect(await execute(['lint', 'other'], { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await execute(['lint', 'other/tell.yaml', '--locked'], { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

describe('maestro outdated', () => {
  test('tells what is newer and whether it is compatible', async () => {
    const cwd = project({}, ['1.0.0', '^2.0']);
    expect(await execute(['outdated'], { cwd })).toEqual({
      code: 0,
      stdout: [
        'REFERENCE         CURRENT  WANTED  LATEST  CONTRACT    WHERE',
        'tasks/tell@1.0.0  1.0.0    1.0.0   2.0.0   compatible  runbooks/tell.yaml:11',
        '',
      ].join('\n'),
      stderr: '',
    });
    for (const [name, text] of Object.entries(
      taskPackage('node_modules/@acme/tasks', '2.0.0', { input: { required: ['text'], properties: { text: { type: 'integer' } } } }),
    )) {
      writeFileSync(path.join(cwd, name), text);
    }
    expect((await execute(['outdated'], { cwd, terminal: true, env: { NO_COLOR: '1' } })).stdout).toContain(
      '2.0.0   breaking  runbooks/tell.yaml:11\n  input.text no longer takes string; it was string and is integer\n  input.text is required now\n',
    );
    expect(JSON.parse((await execute(['outdated', '--json'], { cwd })).stdout)).toMatchObject([
      {
        ref: 'tasks/tell@1.0.0',
        kind: 'task',
        current: '1.0.0',
        wanted: '1.0.0',
        latest: '2.0.0',
        compatible: false,
        changes: [{ path: 'input.text' }, {}],
      },
    ]);
  });

  test('with nothing newer, in an empty catalog, with a broken lock file', async () => {
    const cwd = project({}, ['^2.0']);
    expect(await execute(['outdated'], { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await execute(['outdated', '--json'], { cwd })).stdout).toBe('[]\n');
    writeFileSync(path.join(cwd, LOCK), '');
    expect(await execute(['outdated'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('error LOCK_BROKEN') });
    rmSync(path.join(cwd, LOCK));
    rmSync(path.join(cwd, 'runbooks/tell.yaml'));
    expect(await execute(['outdated'], { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
