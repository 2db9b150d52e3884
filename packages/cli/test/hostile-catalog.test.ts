import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { folder } from './project.ts';

const BIN = path.join(import.meta.dirname, '..', 'bin', 'maestro.js');
const workflow = (name: string) =>
  `apiVersion: maestro/v1\nkind: Workflow\nmetadata: { name: ${name}, version: 1.0.0 }\nspec:\n  tasks:\n    - { id: a, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }\n`;

/** A run that takes longer than any of these may, because it waits or does not end, is killed. */
function maestro(cwd: string, args: string[], limit = '') {
  const command = `${limit}${JSON.stringify(process.execPath)} ${JSON.stringify(BIN)} "$@"`;
  const { status, stdout, stderr, signal } = spawnSync('sh', ['-c', command, 'sh', ...args], {
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 256 * 1024 * 1024,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  expect(signal).toBeNull();
  return { code: status, stdout, stderr };
}

function catalog(files: Record<string, string> = {}): string {
  return folder({ 'maestro.config.json': '{"packages":["@summit/maestro-tasks-core"]}', 'runbooks/good.yaml': workflow('good'), ...files });
}

test('pipes are not opened, links to folders not followed, folders called like files are folders', () => {
  const cwd = catalog({ 'runbooks/folder.yaml/inside.yaml': workflow('inside') });
  execFileSync('mkfifo', [path.join(cwd, 'runbooks', 'pipe.yaml')]);
  symlinkSync('..', path.join(cwd, 'runbooks', 'up'));
  symlinkSync('pipe.yaml', path.join(cwd, 'runbooks', 'to-pipe.yaml'));
  symlinkSync('/dev/zero', path.join(cwd, 'runbooks', 'zero.yaml'));
  symlinkSync('folder.yaml', path.join(cwd, 'runbooks', 'to-folder.yaml'));
  expect(maestro(cwd, ['lint', '--format', 'json'])).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
  expect(maestro(cwd, ['lint', '--format', 'json', 'runbooks/folder.yaml'])).toMatchObject({ code: 0 });
});

test('each file that cannot be read is named, with why', () => {
  const cwd = catalog();
  symlinkSync('nowhere', path.join(cwd, 'runbooks', 'dangling.yaml'));
  symlinkSync('circle.yaml', path.join(cwd, 'runbooks', 'circle.yaml'));
  // Its first page is not mapped: reading it fails as a broken disk does, also for root.
  if (existsSync('/proc/self/mem')) symlinkSync('/proc/self/mem', path.join(cwd, 'runbooks', 'broken-disk.yaml'));
  const { code, stdout, stderr } = maestro(cwd, ['lint']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('CATALOG_UNREADABLE');
  expect(stderr).toContain('runbooks/dangling.yaml: does not exist (ENOENT)');
  expect(stderr).toContain('runbooks/circle.yaml: too many symbolic links (ELOOP)');
  if (existsSync('/proc/self/mem')) expect(stderr).toContain('runbooks/broken-disk.yaml: the device could not read it (EIO)');
});

test('files of any size and kind get a finding each, in little memory', () => {
  const cwd = catalog({
    'runbooks/binary.yaml': Buffer.from(Uint8Array.from({ length: 4_096 }, (_, at) => (at * 7_919) % 256)).toString('latin1'),
    'runbooks/empty.yaml': '',
    'runbooks/only-marks.yaml': '---\n---\n',
  });
  writeFileSync(path.join(cwd, 'runbooks', 'huge.yaml'), `${workflow('huge')}#${'x'.repeat(50_000_000)}`);
  writeFileSync(path.join(cwd, 'runbooks', 'huge-invalid.yaml'), '}{'.repeat(25_000_000));
  writeFileSync(path.join(cwd, 'runbooks', 'utf-16.yaml'), `\ufeff${workflow('wide')}`, 'utf16le');
  writeFileSync(path.join(cwd, 'runbooks', 'latin-1.yaml'), `# caf\xe9\n${workflow('latin')}`, 'latin1');
  const { code, stdout, stderr } = maestro(cwd, ['lint', '--format', 'json'], 'NODE_OPTIONS=--max-old-space-size=96 ');
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  const findings = (JSON.parse(stdout) as { file: string; message: string }[]).map(
    ({ file, message }) => `${path.basename(file)} ${message}`,
  );
  expect(findings).toEqual([
    expect.stringMatching(/^binary\.yaml control character U\+0000/),
    'empty.yaml the file holds no manifest',
    expect.stringMatching(/^huge-invalid\.yaml the file is too long/),
    expect.stringMatching(/^huge\.yaml the file is too long/),
    expect.stringMatching(/^latin-1\.yaml the file is not UTF-8/),
    'only-marks.yaml the file holds no manifest',
    'utf-16.yaml the file is not UTF-8; it looks like UTF-16',
  ]);
});

test('more files than a process may have open', () => {
  const cwd = catalog();
  mkdirSync(path.join(cwd, 'runbooks', 'many'));
  for (let at = 0; at < 2_000; at++) writeFileSync(path.join(cwd, 'runbooks', 'many', `${at}.yaml`), workflow(`w${at}`));
  expect(maestro(cwd, ['lint', '--format', 'json'], 'ulimit -n 128; ')).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
});

test('inputs without end, or made to be slow, are refused', () => {
  const cwd = catalog({
    'deep.yaml': `a: ${'['.repeat(100_000)}`,
    'proto.json': '{"__proto__": {"polluted": 1}}',
    'quotes.yaml': `a: ${'"'.repeat(2_000_000)}`,
  });
  for (const [file, message] of [
    ['/dev/zero', 'it has more than 4194304 bytes'],
    ['deep.yaml', 'deep.yaml:1:66: nested more than 64 levels deep'],
    ['quotes.yaml', 'the file is too long'],
    ['proto.json', 'unknown input "__proto__"'],
  ] as const) {
    const { code, stderr } = maestro(cwd, ['plan', 'good', '--inputs', file]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  }
});

test.each([
  ['not JSON', '{', 'not JSON'],
  ['nothing', '', 'not JSON'],
  ['a list', '[]', ''],
  ['null', 'null', ''],
  ['deep', `{"packages":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'packages'],
  ['names of JavaScript', '{"__proto__":{"polluted":1},"constructor":{},"toString":1}', '__proto__'],
  ['UTF-16', '\ufffe{\u0000}', 'not JSON'],
])('a configuration that is %s', (_, text, message) => {
  const cwd = folder({ 'maestro.config.json': text, 'runbooks/good.yaml': workflow('good') });
  const { code, stdout, stderr } = maestro(cwd, ['lint', 'runbooks']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^error CONFIG_(UNREADABLE|INVALID): /);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('    at ');
  expect(stderr.length).toBeLessThan(2_000);
  expect(readFileSync(path.join(cwd, 'maestro.config.json'), 'utf8')).toBe(text);
});
