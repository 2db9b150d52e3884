import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { folder } from '../../test/project.ts';
import { execute } from '../testing.ts';

const PACK = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pack, version: 1.0.0 }
spec:
  tasks:
    - { id: package, uses: ops/disclosure.package@0.1.0, with: { files: [a.txt, b.txt], outPath: bundle.zip } }
`;

async function bundle(signed = false): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const cwd = folder({
    'a.txt': 'hello',
    'b.txt': 'x'.repeat(5000),
    'runbooks/pack.yaml': PACK,
    'key.pem': privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    'pub.pem': publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    'other.pem': generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  });
  const made = await execute(['run', 'pack', '--ephemeral'], { cwd, env: signed ? { MAESTRO_SIGNING_KEY_FILE: 'key.pem' } : {} });
  if (made.code !== 0) throw new Error(made.stdout + made.stderr);
  return cwd;
}

test('a bundle as it was made', async () => {
  const cwd = await bundle();
  const { code, stdout, stderr } = await execute(['verify', 'bundle.zip'], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /^verified {3}bundle\.zip: 2 files, 5\.0 KB, every hash as its manifest says, nothing added or removed\nmade {7}\d{4}-.* by ops\/disclosure\.package@0\.1\.0\nsignature {2}none: /,
  );
  expect(JSON.parse((await execute(['verify', 'bundle.zip', '--json'], { cwd })).stdout)).toMatchObject({
    ok: true,
    problems: [],
    files: [{ path: 'a.txt' }, { path: 'b.txt' }],
  });
});

test('a signed one, with its key, another and none', async () => {
  const cwd = await bundle(true);
  expect(await execute(['verify', 'bundle.zip', '--key', 'pub.pem'], { cwd })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/signature {2}valid, by key \w{64}\n$/),
  });
  expect(await execute(['verify', 'bundle.zip'], { cwd })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('not checked: give the public key with --key'),
  });
  const foreign = await execute(['verify', 'bundle.zip', '--key', 'other.pem'], { cwd });
  expect(foreign.code).toBe(1);
  expect(foreign.stdout).toMatch(
    /^refused {2}bundle\.zip: 1 problem\n {2}SIGNATURE_FOREIGN .*\nsignature {2}not valid\nnext: do not rely on this bundle/,
  );
});

test('an unsigned one where a signature is expected', async () => {
  const cwd = await bundle();
  expect(await execute(['verify', 'bundle.zip', '--key', 'pub.pem'], { cwd })).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('SIGNATURE_MISSING'),
  });
});

test('one that was changed', async () => {
  const cwd = await bundle();
  const file = path.join(cwd, 'bundle.zip');
  const bytes = readFileSync(file);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  writeFileSync(path.join(cwd, 'flipped.zip'), bytes);
  appendFileSync(file, 'more');
  writeFileSync(path.join(cwd, 'short.zip'), bytes.subarray(0, 100));
  for (const name of ['flipped.zip', 'bundle.zip', 'short.zip', 'a.txt']) {
    const { code, stdout, stderr } = await execute(['verify', name], { cwd });
    expect({ name, code, stderr }).toEqual({ name, code: 1, stderr: '' });
    expect(stdout).toMatch(/^refused {2}/);
    expect(JSON.parse((await execute(['verify', name, '--json'], { cwd })).stdout)).toMatchObject({ ok: false });
  }
});

test('what cannot be read at all', async () => {
  const cwd = await bundle();
  const refusal = async (...argv: string[]) => {
    const { code, stdout, stderr } = await execute(['verify', ...argv], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    return stderr;
  };
  expect(await refusal('absent.zip')).toMatch(/^error BUNDLE_UNREADABLE: .*absent\.zip.*ENOENT/);
  expect(await refusal('runbooks')).toMatch(/^error BUNDLE_UNREADABLE: /);
  expect(await refusal('bundle.zip', '--key', 'absent.pem')).toContain(
    'error KEY_UNREADABLE: cannot read the public key absent.pem: does not exist (ENOENT)',
  );
  expect(await refusal('bundle.zip', '--key', 'a.txt')).toMatch(/^error PUBLIC_KEY_INVALID: /);
});

test('it needs no configuration, and no project', async () => {
  const cwd = await bundle();
  writeFileSync(path.join(cwd, 'maestro.config.json'), 'broken');
  expect(await execute(['verify', path.join(cwd, 'bundle.zip')], { cwd })).toMatchObject({ code: 0 });
});
