import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './workspace.ts';

let checkout: string;

function check(file: string, text: string): { status: number | null; said: string } {
  writeFileSync(join(checkout, file), text);
  execFileSync('git', ['add', '.'], { cwd: checkout });
  const { status, stdout, stderr } = spawnSync('node', ['--disable-warning=ExperimentalWarning', '.ci/hygiene.ts'], {
    cwd: checkout,
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'maestro-hygiene-'));
  mkdirSync(join(checkout, '.ci'));
  for (const file of ['hygiene.ts', 'workspace.ts']) copyFileSync(join(root, '.ci', file), join(checkout, '.ci', file));
  execFileSync('git', ['init', '-q'], { cwd: checkout });
});

afterEach(() => rmSync(checkout, { recursive: true, force: true }));

test('passes what is clean', () => {
  const { status, said } = check('README.md', 'See https://pnpm.io, packages/sdk/root/x and ~/root/y.\n');
  expect(said).toContain('3 files hold no secret');
  expect(status).toBe(0);
});

// Put together here, so that this file does not hold them.
test.each([
  ['a private key', 'key.pem', `-----BEGIN ${'PRIVATE'} KEY-----\n${'A'.repeat(64)}\n`],
  ['an access key', 'a.ts', `const key = 'AK${'IA'}${'A1'.repeat(8)}';\n`],
  ['a token', 'a.ts', `const token = 'gh${'p_'}${'a1'.repeat(18)}';\n`],
  ['a registry credential', '.npmrc', `//localhost/:_auth${'Token'}=abc\n`],
  ['a path of one machine', 'a.md', `line one\nsaved to /home/${'someone'}/out.json\n`],
  ['the address of a registry', 'a.json', `{ "resolved": "https://${'registry'}.example.org/x.tgz" }\n`],
  ['an address (it would bind everybody to one registry)', 'pnpm-lock.yaml', `resolution: { ${'tarball'}: https://example.org/x.tgz }\n`],
])('finds %s', (what, file, text) => {
  const { status, said } = check(file, text);
  expect(said).toContain(`${file}:${text.startsWith('line one') ? 2 : 1}: ${what}\n`);
  expect(status).toBe(1);
});

test('finds the path of the checkout itself', () => {
  expect(check('a.out', `wrote ${checkout}/bundle.zip\n`).said).toContain('a.out: the path of this checkout');
});
