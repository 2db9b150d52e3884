import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { folder } from '../../test/project.ts';
import { execute } from '../testing.ts';

const WRONG = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: demo, version: 1.0.0 }
spec:
  parameters:
    - { name: ms, type: integer, required: true }
  tasks:
    - id: first # the one before
      uses: tasks/wait.slep@0.1.0
      with: { ms: \${params.ms} }
    - id: second
      uses: tasks/wait.sleep@^0.1
      with: { ms: "\${tasks.first.output.slept}" }
`;
const RIGHT = WRONG.replace('slep@', 'sleep@')
  .replace('{ ms: ${params.ms} }', '{ ms: "${params.ms}" }')
  .replace('sleep@^0.1\n', 'sleep@0.1.0\n      needs: [first]\n');

function project(files: Record<string, string>): string {
  return folder({ 'maestro.config.json': '{}', ...files });
}

const read = (cwd: string, name: string) => readFileSync(path.join(cwd, name), 'utf8');

describe('maestro lint --fix', () => {
  test('mends, says what, and reports nothing that is mended', async () => {
    const cwd = project({ 'runbooks/a.yaml': WRONG, 'runbooks/b.yaml': RIGHT.replace('name: demo', 'name: other') });
    expect(await execute(['lint', '--fix'], { cwd })).toEqual({
      code: 0,
      stdout: 'fixed 4 findings in 1 file\n  runbooks/a.yaml  4\n',
      stderr: '',
    });
    expect(read(cwd, 'runbooks/a.yaml')).toBe(RIGHT);
    expect(readdirSync(path.join(cwd, 'runbooks'))).toEqual(['a.yaml', 'b.yaml']);
    expect(await execute(['lint', '--fix'], { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('keeps the byte order mark, line ends, permissions and links', async () => {
    const text = `\ufeff${WRONG.replaceAll('\n', '\r\n')}`;
    const cwd = project({ 'real.yaml': text, 'runbooks/.keep': '' });
    chmodSync(path.join(cwd, 'real.yaml'), 0o640);
    symlinkSync('../real.yaml', path.join(cwd, 'runbooks/a.yaml'));
    expect(await execute(['lint', '--fix'], { cwd })).toMatchObject({ code: 0 });
    expect(read(cwd, 'real.yaml')).toBe(`\ufeff${RIGHT.replaceAll('\n', '\r\n')}`);
    expect(statSync(path.join(cwd, 'real.yaml')).mode & 0o777).toBe(0o640);
    expect(
      readdirSync(path.join(cwd, 'runbooks'), { withFileTypes: true })
        .find(({ name }) => name === 'a.yaml')
        ?.isSymbolicLink(),
    ).toBe(true);
  });

  test('reports what remains, in every format, and leaves other files alone', async () => {
    const broken = WRONG.replace('name: demo', 'name: other').replace('{ ms: "${tasks.first.output.slept}" }', '{ ms: soon }');
    const cwd = project({ 'runbooks/a.yaml': broken, 'runbooks/b.yaml': WRONG });
    const { code, stdout, stderr } = await execute(['lint', '--fix', '--format', 'json', 'runbooks/a.yaml'], { cwd });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([{ code: 'task-input', file: 'runbooks/a.yaml' }]);
    expect(stderr).toBe('fixed 3 findings in 1 file\n  runbooks/a.yaml  3\n');
    expect(read(cwd, 'runbooks/b.yaml')).toBe(WRONG);
    const pretty = await execute(['lint', '--fix'], { cwd });
    expect(pretty.stdout).toMatch(/^fixed 4 findings in 1 file\n {2}runbooks\/b\.yaml {2}4\nrunbooks\/a\.yaml:13:19 error \[task-input\]/);
    expect(pretty.stdout).toMatch(/\n1 error in 2 files\n$/);
  });

  test('names what it cannot write, and leaves alone what is not UTF-8', async () => {
    const cwd = project({ 'runbooks/a.yaml': WRONG, 'runbooks/b.yaml': WRONG.replace('name: demo', 'name: other') });
    chmodSync(path.join(cwd, 'runbooks/a.yaml'), 0o444);
    const latin = Buffer.concat([Buffer.from(WRONG.replace('name: demo', 'name: third')), Buffer.from('# caf\xe9\n', 'latin1')]);
    writeFileSync(path.join(cwd, 'runbooks/c.yaml'), latin);
    const { code, stdout, stderr } = await execute(['lint', '--fix'], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('error WRITE_FAILED: not all files can be mended');
    expect(stderr).toContain('  - runbooks/a.yaml: the file is read-only\n  next:');
    expect(read(cwd, 'runbooks/a.yaml')).toBe(WRONG);
    expect(read(cwd, 'runbooks/b.yaml')).toBe(RIGHT.replace('name: demo', 'name: other'));
    expect(readFileSync(path.join(cwd, 'runbooks/c.yaml')).equals(latin)).toBe(true);
  });

  test('leaves a catalog that is an installed package alone', async () => {
    const cwd = project({
      'maestro.config.json': JSON.stringify({ catalogs: ['@acme/runbooks', 'runbooks'] }),
      'node_modules/@acme/runbooks/package.json': JSON.stringify({ name: '@acme/runbooks', version: '1.0.0' }),
      'node_modules/@acme/runbooks/a.yaml': WRONG,
      'runbooks/b.yaml': WRONG.replace('name: demo', 'name: other'),
    });
    const { code, stdout } = await execute(['lint', '--fix'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^fixed 4 findings in 1 file\n {2}runbooks\/b\.yaml {2}4\n/);
    expect(read(cwd, 'node_modules/@acme/runbooks/a.yaml')).toBe(WRONG);
    // The lock file is not put there either.
    expect(await execute(['lint', '--fix', 'node_modules/@acme/runbooks/a.yaml'], { cwd })).toMatchObject({ code: 0 });
    expect((await execute(['lock'], { cwd })).stdout).toMatch(/^wrote runbooks\/maestro\.lock\.yaml: 1 reference, 2 manifests\n/);
  });

  test('leaves what cannot be read as YAML as it is', async () => {
    const text = 'apiVersion: maestro/v1\nkind: [\n';
    const cwd = project({ 'runbooks/a.yaml': text });
    expect(await execute(['lint', '--fix'], { cwd })).toMatchObject({ code: 1, stdout: expect.stringContaining('[yaml-syntax]') });
    expect(read(cwd, 'runbooks/a.yaml')).toBe(text);
  });
});

test('maestro lint --format sarif', async () => {
  const { code, stdout } = await execute(['lint', '--format', 'sarif'], { cwd: project({ 'runbooks/a b.yaml': WRONG }) });
  expect(code).toBe(1);
  const log = JSON.parse(stdout);
  expect(log).toMatchObject({
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'maestro', semanticVersion: expect.stringMatching(/^\d+\.\d+\.\d+/) } } }],
  });
  expect(log.runs[0].results.map(({ ruleId }: { ruleId: string }) => ruleId)).toContain('unknown-task');
  expect(log.runs[0].artifacts).toEqual([
    { location: { uri: 'runbooks/a%20b.yaml', uriBaseId: '%SRCROOT%' }, mimeType: 'application/yaml', encoding: 'UTF-8' },
  ]);
});
