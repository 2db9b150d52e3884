import { mkdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { folder, project } from '../../test/project.ts';
import { execute } from '../testing.ts';

const BAD = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: bad, version: 1.0.0 }
spec:
  tasks:
    - id: wait
      uses: tasks/wait.slep@0.1.0
      with: { ms: 1 }
    - id: then
      uses: tasks/wait.sleep@0.1.0
      with: { ms: soon }
`;

describe('maestro lint', () => {
  test('says nothing about a clean catalog, and is done', async () => {
    expect(await execute(['lint'], { cwd: project() })).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('tells a person at a terminal that there was something to check', async () => {
    const { stdout } = await execute(['lint'], { cwd: project(), terminal: true, env: { NO_COLOR: '1' } });
    expect(stdout).toBe('8 files, no findings\n');
  });

  test('shows each finding with its place, and how many there are', async () => {
    const { code, stdout } = await execute(['lint'], { cwd: project({ 'runbooks/bad.yaml': BAD }) });
    expect(code).toBe(1);
    expect(stdout).toContain('runbooks/bad.yaml:7:13 error [unknown-task]');
    expect(stdout).toContain('did you mean "tasks/wait.sleep"?');
    expect(stdout).toContain('runbooks/bad.yaml:11:');
    expect(stdout).toMatch(/\n2 errors in 9 files\n$/);
  });

  test('checks one file of a catalog against the rest of it, and tells of that file only', async () => {
    const runbook = `apiVersion: maestro/v1\nkind: Runbook\nmetadata: { name: again, version: 1.0.0, owner: a@b }\nspec: { workflowRef: slow@1.0.0 }\n`;
    const cwd = project({ 'runbooks/bad.yaml': BAD, 'runbooks/again.yaml': runbook });
    expect(await execute(['lint', 'runbooks/again.yaml'], { cwd })).toMatchObject({ code: 0, stdout: '' });
    expect((await execute(['lint', 'runbooks/bad.yaml'], { cwd })).stdout).toMatch(/2 errors in 1 file\n$/);
  });

  test('prints JSON and workflow commands', async () => {
    const cwd = project({ 'runbooks/bad.yaml': BAD });
    const json = await execute(['lint', '--format', 'json'], { cwd });
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { code: 'unknown-task', severity: 'error', file: 'runbooks/bad.yaml' },
      { severity: 'error' },
    ]);
    const github = await execute(['lint', '--format', 'github'], { cwd });
    expect(github.stdout).toMatch(/^::error file=runbooks\/bad\.yaml,line=7,endLine=7,/);
    expect(JSON.parse((await execute(['lint', '--format', 'json'], { cwd: project() })).stdout)).toEqual([]);
  });

  test('names everything it cannot read, and checks nothing', async () => {
    const cwd = project();
    symlinkSync('nowhere.yaml', path.join(cwd, 'runbooks/link.yaml'));
    const { code, stdout, stderr } = await execute(['lint', 'absent.yaml', 'runbooks', 'gone'], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      [
        'error CATALOG_UNREADABLE: not all manifests can be read',
        `  - ${cwd}/absent.yaml: does not exist (ENOENT)`,
        `  - ${cwd}/gone: does not exist (ENOENT)`,
        '  - runbooks/link.yaml: does not exist (ENOENT)',
        '  next: correct the paths or their permissions; nothing was checked',
        '',
      ].join('\n'),
    );
  });

  test('a catalog that is not there, a folder without manifests', async () => {
    const cwd = folder();
    expect((await execute(['lint'], { cwd })).stderr).toBe(
      `error CATALOG_NOT_FOUND: the catalog is not there\n  - ${cwd}/runbooks does not exist (ENOENT)\n  next: name the folder that holds the manifests: \`catalogs\` in maestro.config, or --catalog\n`,
    );
    mkdirSync(path.join(cwd, 'runbooks'));
    expect(await execute(['lint'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('error CATALOG_EMPTY: no manifests (*.yaml, *.yml) in runbooks'),
    });
  });

  test('links to files count, links in circles and other YAML do not', async () => {
    const cwd = project({ 'runbooks/test/hello.test.yaml': 'not: a manifest', 'runbooks/node_modules/x/y.yaml': 'not: one either' });
    symlinkSync('..', path.join(cwd, 'runbooks/up'));
    writeFileSync(path.join(cwd, 'elsewhere'), BAD);
    symlinkSync('../elsewhere', path.join(cwd, 'runbooks/linked.yaml'));
    expect((await execute(['lint'], { cwd })).stdout).toMatch(/2 errors in 9 files\n$/);
    unlinkSync(path.join(cwd, 'runbooks/linked.yaml'));
    expect(await execute(['lint'], { cwd })).toMatchObject({ code: 0 });
  });

  test('a package of tasks that is not installed, or carries none', async () => {
    const cwd = project();
    const missing = await execute(['lint', '--package', '@acme/absent'], { cwd });
    expect(missing).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('error PACKAGE_NOT_FOUND: task package "@acme/absent" is not installed'),
    });
    const none = await execute(['lint', '--package', '.'], { cwd: folder({ 'package.json': '{}', 'runbooks/x.yaml': BAD }) });
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('error PACKAGE_WITHOUT_TASKS') });
  });
});

const LANGUAGE = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: language, version: 1.0.0 }
spec:
  policy: { purpose: test, authority: ops@test, license: internal }
  parameters:
    - { name: hosts, type: array, required: true, schema: { items: { type: string } } }
    - { name: name, type: string, required: true }
  timeout: 1h
  tasks:
    - id: each
      uses: tasks/echo@1.0.0
      forEach: { in: "\${params.hosts}", maxParallel: 2 }
      with: { value: ["\${item}"] }
      timeout: 10s
      retry: { maxAttempts: 1 }
      compensate: { uses: tasks/echo@1.0.0, with: { value: ["undo \${item}"] } }
    - id: sub
      uses: workflows/inner@1.0.0
      with: { host: "\${params.name}" }
    - id: after
      uses: tasks/echo@1.0.0
      needs: [each, sub]
      when: \${size(tasks.each.output) > 0}
      with: { value: ["\${tasks.sub.output.shown}"] }
  finally:
    - { id: last, uses: tasks/echo@1.0.0, with: { value: ["\${run.status}"] } }
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: inner, version: 1.0.0 }
spec:
  policy: { purpose: test, authority: ops@test, license: internal }
  parameters: [{ name: host, type: string, required: true }]
  tasks:
    - { id: show, uses: tasks/echo@1.0.0, with: { value: ["inside \${params.host}"] }, timeout: 5s, retry: { maxAttempts: 1 } }
  outputs: { shown: "\${tasks.show.output.value}" }
`;

describe('maestro plan', () => {
  test('shows what would happen, and what is not known yet', async () => {
    const { code, stdout } = await execute(['plan', 'gated'], { cwd: project() });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^gated@1\.0\.0 {2}sha256:[0-9a-f]{64}\n/);
    expect(stdout).toContain("approved by  every one of ombuds, legal; the initiator's own does not count");
    expect(stdout).toContain('pause*  integer  How long to wait, in milliseconds');
    expect(stdout).toMatch(/1\. wait {2}tasks\/wait\.sleep@0\.1\.0 {2}none/);
  });

  test('with inputs it knows what is touched', async () => {
    const cwd = project();
    expect((await execute(['plan', 'typed'], { cwd })).stdout).toContain('touches  known once the inputs are given');
    const inputs = ['--input', 'text=here', '--input', 'whole=1', '--input', 'yes=true', '--input', 'list=[]', '--input', 'map={}'];
    const { stdout } = await execute(['plan', 'typed', ...inputs], { cwd });
    expect(stdout).toContain('touches  echo here');
    const json = JSON.parse((await execute(['plan', 'typed', '--json', ...inputs], { cwd })).stdout);
    expect(json).toMatchObject({
      digest: expect.stringMatching(/^sha256:/),
      plan: { kind: 'Plan', workflow: { name: 'typed', version: '1.0.0' } },
      inputs: { text: 'here', whole: 1, yes: true, list: [], map: {}, color: 'red' },
      tasks: [{ id: 'echo', effect: 'write', secrets: [], resources: [{ type: 'echo', id: 'here' }] }],
    });
  });

  test('prints all of it as JSON', async () => {
    const cwd = project();
    const json = JSON.parse((await execute(['plan', 'gated', '--json'], { cwd })).stdout);
    expect(json).toMatchObject({
      missingInputs: ['pause'],
      stages: [['wait']],
      tasks: [{ id: 'wait', name: 'wait', stage: 1, effect: 'none', limits: { attempts: 3 }, estimate: { unbounded: [{ task: 'wait' }] } }],
      approvals: [{ approvers: ['ombuds', 'legal'], quorum: 'all', expiresIn: null, allowSelfApproval: false }],
      secrets: [],
      estimate: { chain: [{ task: 'wait', ms: 0 }] },
    });
    expect(json.approvals[0]).not.toHaveProperty('digest');
    const bound = JSON.parse((await execute(['plan', 'gated', '--json', '--input', 'pause=5'], { cwd })).stdout);
    expect(bound.approvals[0].digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(bound.approvals[0].digest).not.toBe(bound.digest);
    expect(bound).not.toHaveProperty('missingInputs');
  });

  test('says of every construct what is known, and what is known at run time', async () => {
    const cwd = project({ 'runbooks/language.yaml': LANGUAGE });
    const inputs = ['--input', 'hosts=["a", "b", "c"]', '--input', 'name=db'];
    const { stdout, stderr, code } = await execute(['plan', 'language', '--json', ...inputs], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const echo = (id: string) => ({ type: 'echo', id });
    expect(JSON.parse(stdout)).toMatchObject({
      stages: [['each', 'sub'], ['after']],
      tasks: [
        {
          name: 'each',
          forEach: { items: 3, maxParallel: 2 },
          resources: [echo('a'), echo('b'), echo('c')],
          compensate: { effect: 'write', resources: [echo('undo a'), echo('undo b'), echo('undo c')] },
          estimate: { ms: 20_000, unbounded: [] },
        },
        { name: 'sub', effect: 'write', workflow: { tasks: [{ id: 'show', name: 'sub/show', resources: [echo('inside db')] }] } },
        { name: 'after', when: '${size(tasks.each.output) > 0}', resourcesUnknown: 'known at run time' },
      ],
      finally: [{ name: 'last', resourcesUnknown: 'known at run time' }],
      estimate: { chain: [{ task: 'each', ms: 20_000 }, { task: 'after' }, { task: 'last' }], unbounded: [] },
      timeout: 3_600_000,
    });
    const shown = (await execute(['plan', 'language', ...inputs], { cwd })).stdout;
    expect(shown).toContain('sub/show  tasks/echo@1.0.0  write');
    expect(shown).toContain('for      3 items of ${params.hosts}, at most 2 at once; an item that fails fails it');
    for (const format of ['mermaid', 'dot', 'svg'])
      expect((await execute(['graph', 'language', '--format', format], { cwd })).stdout).toContain('undone by tasks/echo');
  });

  test('names all inputs that are missing', async () => {
    const cwd = project();
    expect((await execute(['plan', 'typed'], { cwd })).stdout).toContain('\nMissing  text, whole, yes, list, map\n');
    const { code, stderr } = await execute(['plan', 'typed', '--input', 'whole=x'], { cwd });
    expect(code).toBe(2);
    for (const name of ['text', 'whole', 'yes', 'list', 'map']) expect(stderr).toContain(`"${name}"`);
  });

  test('the same plan has the same digest; another one has another', async () => {
    const cwd = project();
    const digest = async (ref: string) => JSON.parse((await execute(['plan', ref, '--json'], { cwd })).stdout).digest;
    expect(await digest('gated')).toBe(await digest('gated@^1.0.0'));
    expect(await digest('gated')).not.toBe(await digest('hello'));
  });

  test.each([
    ['helo', 'error NOT_FOUND: the catalog has no runbook or workflow "helo"; did you mean "hello"?'],
    ['hello@2.0.0', 'error NOT_FOUND: no version of the runbook "hello" satisfies "2.0.0"; there is "1.0.0"'],
    ['hello@two', 'error NOT_FOUND: "hello@two" does not end in a version or semver range'],
  ])('%s', async (ref, message) => {
    const { code, stdout, stderr } = await execute(['plan', ref], { cwd: project() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('a manifest with errors is not planned; an error elsewhere does not matter', async () => {
    const cwd = project({ 'runbooks/bad.yaml': BAD });
    const { code, stdout, stderr } = await execute(['plan', 'bad'], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('runbooks/bad.yaml:7:13 error [unknown-task]');
    expect(stderr).toContain('error PLAN_REFUSED: bad cannot be planned: 2 errors in its manifests, see above');
    expect(await execute(['plan', 'hello'], { cwd })).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('maestro graph', () => {
  test('draws the tasks', async () => {
    const cwd = project();
    expect((await execute(['graph', 'broken'], { cwd })).stdout).toContain('t0 --> t1');
    expect((await execute(['graph', 'broken', '--format', 'dot'], { cwd })).stdout).toMatch(/^digraph "broken@1\.0\.0" \{/);
  });

  test('draws a picture, to a file where one is named', async () => {
    const cwd = project();
    const { stdout } = await execute(['graph', 'gated', '--format', 'svg'], { cwd });
    expect(stdout).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(stdout).toContain('approval: ombuds and legal');
    expect(await execute(['graph', 'gated', '--format', 'svg', '-o', 'docs/gated.svg'], { cwd })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(readFileSync(path.join(cwd, 'docs/gated.svg'), 'utf8')).toBe(stdout);
  });

  test('a file that cannot be written, a name that is not there, a kind of picture that is none', async () => {
    const cwd = project();
    expect(await execute(['graph', 'gated', '-o', 'runbooks'], { cwd })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error WRITE_FAILED: cannot \w+ .*runbooks: is a folder, not a file \(EISDIR\)\n/),
    });
    expect((await execute(['graph', 'gatd'], { cwd })).stderr).toContain(
      'error NOT_FOUND: the catalog has no runbook or workflow "gatd"; did you mean "gated"?',
    );
    expect((await execute(['graph', 'gated', '--format', 'png'], { cwd })).stderr).toContain('mermaid, svg, dot');
  });
});

describe('maestro tasks', () => {
  test('lists what is installed', async () => {
    const { stdout } = await execute(['tasks', 'list'], { cwd: project() });
    expect(stdout).toMatch(/^TASK +EFFECT +TITLE\n/);
    expect(stdout).toMatch(/\ntasks\/echo@1\.0\.0 +write +T\n/);
    expect(stdout).toMatch(/\ntasks\/wait\.sleep@0\.1\.0 +none +/);
    const json = JSON.parse((await execute(['tasks', 'list', '--json'], { cwd: project() })).stdout);
    expect(json).toContainEqual(
      expect.objectContaining({ name: 'tasks/echo', version: '1.0.0', digest: expect.stringMatching(/^sha256:/) }),
    );
  });

  test('shows one', async () => {
    const { stdout } = await execute(['tasks', 'show', 'tasks/wait.sleep'], { cwd: project() });
    expect(stdout).toMatch(/^tasks\/wait\.sleep@0\.1\.0 {2}/);
    expect(stdout).toContain('durable   yes: its waits survive a restart');
    expect(stdout).toMatch(/Input\n {2}ms/);
    expect(stdout).toContain('uses: tasks/wait.sleep@0.1.0');
    expect(JSON.parse((await execute(['tasks', 'show', 'tasks/wait.sleep@0.1.0', '--json'], { cwd: project() })).stdout)).toMatchObject({
      durable: true,
    });
  });

  test.each([
    ['tasks/wait.slep', 'error TASK_UNKNOWN: no installed task is called "tasks/wait.slep"; did you mean "tasks/wait.sleep"?'],
    ['tasks/wait.sleep@9.0.0', 'error TASK_UNKNOWN: task "tasks/wait.sleep" is not installed in version 9.0.0; there are: 0.1.0'],
  ])('%s', async (name, message) => {
    expect(await execute(['tasks', 'show', name], { cwd: project() })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(message),
    });
  });
});
