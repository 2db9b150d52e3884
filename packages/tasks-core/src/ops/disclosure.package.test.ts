import { createHash } from 'node:crypto';
import { appendFile, chmod, link, mkdir, readdir, readFile, rename, symlink, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArtifactRef, isArtifactRef, isTaskError, type RunContext, type TaskError } from '@summit/maestro-sdk';
import { createTestContext, type TestContext } from '@summit/maestro-sdk/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../test/support/folder.ts';
import { unpack } from '../../test/support/unpack.ts';
import type { Manifest, ManifestFile } from '../bundle/manifest.ts';
import { disclosurePackage } from './disclosure.package.ts';
import { verifyBundle } from './disclosure.verify.ts';

type Payload = Parameters<typeof disclosurePackage.execute>[1]['payload'];

const run = async (ctx: Partial<RunContext>, payload: Payload) => (await disclosurePackage.execute(ctx as RunContext, { payload })).payload;

async function refusal(ctx: Partial<RunContext>, payload: Payload): Promise<TaskError> {
  const error: unknown = await run(ctx, payload).then(
    () => new Error('it was packaged'),
    (reason: unknown) => reason,
  );
  if (!isTaskError(error)) throw error;
  return error;
}

const manifestOf = async (path: string) => JSON.parse((await unpack(path))['manifest.json'] as string) as Manifest;
const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');
/** What is in a folder, hidden files as well. */
const listing = async (path: string) => (await readdir(path)).sort();

describe('ops/disclosure.package', () => {
  it('packs files with a manifest of their hashes', async () => {
    await using folder = await makeFolder({ 'a.txt': 'one', 'b/a.txt': 'two', 'c/empty': '', 'größe 😀.txt': 'ü' });
    const files: Payload['files'] = ['a.txt', { path: './b/a.txt', description: 'the second' }, folder.file('c/empty'), 'größe 😀.txt'];
    const output = await run(
      {
        workspace: folder.path,
        runId: 'run-1',
        initiator: { id: 'olive', roles: ['ombuds'] },
        policy: { purpose: 'p', authority: 'a', license: 'l' },
      },
      { files, outPath: 'bundle.zip' },
    );
    const bytes = await readFile(folder.file('bundle.zip'));
    expect(output).toEqual({
      bundle: 'bundle.zip',
      manifest: [
        { path: 'a.txt', entry: 'a.txt', sha256: sha256('one'), size: 3 },
        { path: './b/a.txt', entry: 'b/a.txt', sha256: sha256('two'), size: 3, description: 'the second' },
        { path: folder.file('c/empty'), entry: 'c/empty', sha256: sha256(''), size: 0 },
        { path: 'größe 😀.txt', entry: 'größe 😀.txt', sha256: sha256('ü'), size: 2 },
      ],
      sha256: sha256(bytes),
      size: bytes.length,
      signed: false,
    });
    const entries = await unpack(folder.file('bundle.zip'));
    expect(Object.keys(entries)).toEqual(['a.txt', 'b/a.txt', 'c/empty', 'größe 😀.txt', 'manifest.json']);
    expect([entries['a.txt'], entries['b/a.txt'], entries['größe 😀.txt']]).toEqual(['one', 'two', 'ü']);
    const manifest = await manifestOf(folder.file('bundle.zip'));
    expect(manifest.files).toEqual(output.manifest);
    expect(manifest).toMatchObject({
      version: 1,
      generator: 'ops/disclosure.package@0.1.0',
      run: { runId: 'run-1', initiator: 'olive', policy: { purpose: 'p' } },
    });
    expect(Date.parse(manifest.generatedAt as string)).toBeGreaterThan(Date.now() - 60_000);
    expect(await verifyBundle(folder.file('bundle.zip'))).toMatchObject({ ok: true });
    expect(await listing(folder.path)).toEqual(['a.txt', 'b', 'bundle.zip', 'c', 'größe 😀.txt']);
  });

  it.each([0, 1, 6, 9])('compresses at level %i, content across many blocks included', async (level) => {
    const text = 'The quick brown fox jumps over the lazy dog. '.repeat(80_000);
    const noise = createHash('sha512').update('seed');
    const random = Buffer.concat(Array.from({ length: 40_000 }, (_, i) => noise.copy().update(String(i)).digest()));
    await using folder = await makeFolder({
      'text.txt': text,
      'random.bin': random,
      'block.bin': Buffer.alloc(1024 * 1024, 'x'),
      'block+1.bin': Buffer.alloc(1024 * 1024 + 1, 'y'),
    });
    await run({ workspace: folder.path }, { files: ['text.txt', 'random.bin', 'block.bin', 'block+1.bin'], outPath: 'b.zip', level });
    expect(await verifyBundle(folder.file('b.zip'))).toMatchObject({ ok: true });
    const entries = await unpack(folder.file('b.zip'));
    expect(entries['text.txt'] === text).toBe(true);
    const size = (await readFile(folder.file('b.zip'))).length;
    if (level === 0) expect(size).toBeGreaterThan(text.length + random.length);
    else expect(size).toBeLessThan(random.length * 1.02);
  });

  it('keeps two files of the same base name, and those named like its own entries', async () => {
    await using folder = await makeFolder({
      'x/report.pdf': '1',
      'y/report.pdf': '2',
      'manifest.json': '3',
      'manifest.dsse.json': '4',
      'A.txt': '5',
      'a.txt': '6',
    });
    const files = ['x/report.pdf', 'y/report.pdf', 'manifest.json', 'manifest.dsse.json', 'A.txt', 'a.txt', 'a.txt'];
    const { manifest } = await run({ workspace: folder.path }, { files, outPath: 'b.zip' });
    expect((manifest as ManifestFile[]).map(({ path, entry }) => [path, entry])).toEqual([
      ['x/report.pdf', 'x/report.pdf'],
      ['y/report.pdf', 'y/report.pdf'],
      ['manifest.json', 'manifest (2).json'],
      ['manifest.dsse.json', 'manifest.dsse (2).json'],
      ['A.txt', 'A.txt'],
      ['a.txt', 'a (2).txt'],
      ['a.txt', 'a (3).txt'],
    ]);
    expect(await verifyBundle(folder.file('b.zip'))).toMatchObject({ ok: true });
  });

  it('gives odd names a safe form in the bundle, and keeps them in the manifest', async () => {
    const names = [
      'back\\slash.txt',
      'C:drive.txt',
      'new\nline.txt',
      'tab\t.txt',
      ' leading space',
      'trailing dot.',
      '-rf',
      '~',
      '$HOME',
      '%2e%2e',
      'ü.txt',
      'u\u0308.txt',
      'NUL',
      'quote\'".txt',
      '...',
      'a'.repeat(250),
    ];
    await using folder = await makeFolder(Object.fromEntries(names.map((name) => [name, name])));
    const { manifest } = await run({ workspace: folder.path }, { files: names, outPath: 'b.zip' });
    expect((manifest as ManifestFile[]).map(({ path }) => path)).toEqual(names);
    const entries = await unpack(folder.file('b.zip'));
    for (const { path, entry } of manifest as ManifestFile[]) expect(entries[entry]).toBe(path);
    expect(await verifyBundle(folder.file('b.zip'))).toMatchObject({ ok: true });
  });

  describe('input that cannot be packaged', () => {
    it('is named all at once, before anything is written', async () => {
      await using outside = await makeFolder({ 'secret.txt': 's' });
      await using folder = await makeFolder({ 'good.txt': 'g', 'folder/x': 'x' });
      await symlink(outside.file('secret.txt'), folder.file('link.txt'));
      await symlink(outside.path, folder.file('linked'));
      await symlink('nowhere', folder.file('broken'));
      const files = [
        'good.txt',
        'missing.txt',
        'folder',
        '../../etc/passwd',
        outside.file('secret.txt'),
        'link.txt',
        'linked/secret.txt',
        'broken',
        'nul\0byte',
        { path: 'also-missing' },
      ];
      const error = await refusal({ workspace: folder.path }, { files, outPath: 'b.zip' });
      expect(error.code).toBe('DISCLOSURE_FILES_UNUSABLE');
      expect(error.message).toMatch(/^9 of 10 files cannot be packaged, so nothing was written:\n- /);
      expect(error.details).toEqual([
        { path: 'missing.txt', code: 'FILE_NOT_FOUND', message: expect.stringContaining('"missing.txt"') as string },
        { path: 'folder', code: 'DISCLOSURE_NOT_A_FILE', message: '"folder" is a folder; list the files in it' },
        { path: '../../etc/passwd', code: 'PATH_OUTSIDE_WORKSPACE', message: expect.any(String) as string },
        { path: outside.file('secret.txt'), code: 'PATH_OUTSIDE_WORKSPACE', message: expect.any(String) as string },
        { path: 'link.txt', code: 'PATH_OUTSIDE_WORKSPACE', message: expect.any(String) as string },
        { path: 'linked/secret.txt', code: 'PATH_OUTSIDE_WORKSPACE', message: expect.any(String) as string },
        { path: 'broken', code: 'FILE_NOT_FOUND', message: expect.any(String) as string },
        { path: 'nul\0byte', code: 'PATH_INVALID', message: expect.any(String) as string },
        { path: 'also-missing', code: 'FILE_NOT_FOUND', message: expect.any(String) as string },
      ]);
      for (const { path } of error.details as { path: string }[]) expect(error.message).toContain(JSON.stringify(path));
      expect(await listing(folder.path)).not.toContain('b.zip');
    });

    it('has its own code where all agree', async () => {
      await using folder = await makeFolder({ 'good.txt': 'g' });
      const error = await refusal({ workspace: folder.path }, { files: ['no', 'good.txt', 'nope'], outPath: 'b.zip' });
      expect(error).toMatchObject({ code: 'FILE_NOT_FOUND', retryable: false });
      expect(error.message).toContain('"no" does not exist');
      expect(error.message).toContain('"nope" does not exist');
    });

    it('spells out twenty, and has all in its details', async () => {
      await using folder = await makeFolder();
      const error = await refusal(
        { workspace: folder.path },
        { files: Array.from({ length: 50 }, (_, i) => `missing-${i}`), outPath: 'b.zip' },
      );
      expect(error.message.split('\n')).toHaveLength(22);
      expect(error.message).toMatch(/- and 30 more$/);
      expect(error.details).toHaveLength(50);
    });

    it('may be a pipe, a socket or a device', async () => {
      await using folder = await makeFolder();
      const { execFileSync } = await import('node:child_process');
      execFileSync('mkfifo', [folder.file('pipe')]);
      expect((await refusal({ workspace: folder.path }, { files: ['pipe'], outPath: 'b.zip' })).code).toBe('DISCLOSURE_NOT_A_FILE');
      expect((await refusal({ workspace: '/dev' }, { files: ['null'], outPath: 'shm/b.zip' })).code).toBe('DISCLOSURE_NOT_A_FILE');
    });

    it('may be nothing at all', async () => {
      for (const payload of [
        { files: [], outPath: 'b.zip' },
        { outPath: 'b.zip' },
        { files: ['a'] },
        undefined,
        { files: 'a.txt', outPath: 'b' },
        { files: ['a'], outPath: '' },
      ]) {
        expect(await refusal({}, payload as unknown as Payload)).toMatchObject({ code: 'INVALID_INPUT', retryable: false });
      }
    });
  });

  it('follows links that stay within the workspace', async () => {
    await using folder = await makeFolder({ 'real/a.txt': 'one' });
    await symlink('real/a.txt', folder.file('link.txt'));
    await symlink('real', folder.file('alias'));
    const { manifest } = await run({ workspace: folder.path }, { files: ['link.txt', 'alias/a.txt'], outPath: 'b.zip' });
    expect((manifest as ManifestFile[]).map(({ entry }) => entry)).toEqual(['link.txt', 'alias/a.txt']);
    expect(await unpack(folder.file('b.zip'))).toMatchObject({ 'link.txt': 'one', 'alias/a.txt': 'one' });
  });

  describe('a file that changes while it is packaged', () => {
    // Content of its own comes first, and takes long enough for the file to be changed behind its back.
    const changing = async (change: (path: string) => Promise<void>) => {
      await using folder = await makeFolder({ 'first.bin': Buffer.alloc(8 * 1024 * 1024, 'abc'), 'changing.txt': 'x'.repeat(200_000) });
      const artifacts = {
        put: () => Promise.reject(new Error('nothing is put')),
        // Between looking at the files and reading the second one the task has to read this.
        open: async function* () {
          await change(folder.file('changing.txt'));
          yield Buffer.from('a');
        },
      };
      const hash = sha256('a');
      const trigger: ArtifactRef = { uri: `artifact:sha256:${hash}`, sha256: hash, size: 1, contentType: 'text/plain', name: 'trigger' };
      let looked = false;
      const ctx = {
        workspace: folder.path,
        artifacts: { ...artifacts, open: () => (looked ? artifacts.open() : once(() => (looked = true))) },
      };
      const error = await refusal(ctx, { files: [trigger, 'first.bin', 'changing.txt'], outPath: 'b.zip' });
      expect(await listing(folder.path)).not.toContain('b.zip');
      expect((await listing(folder.path)).filter((name) => name.startsWith('.'))).toEqual([]);
      return error;
    };
    async function* once(mark: () => void) {
      mark();
      yield Buffer.from('a');
    }

    it.each<[string, (path: string) => Promise<void>, RegExp]>([
      ['is removed', (path) => unlink(path), /it was removed/],
      ['grows', (path) => appendFile(path, 'more'), /it had 200000 bytes and now has 200004/],
      ['shrinks', (path) => truncate(path, 5), /it ends after 5 of 200000 bytes/],
      ['is written to', (path) => writeFile(path, 'y'.repeat(200_000)), /it was written to/],
      [
        'is replaced',
        async (path) => {
          await writeFile(`${path}.new`, 'x'.repeat(200_000));
          await rename(`${path}.new`, path);
          await utimes(path, 1, 1);
        },
        /another file took its place/,
      ],
    ])('%s', async (_, change, message) => {
      const error = await changing(change);
      expect(error).toMatchObject({ code: 'DISCLOSURE_FILE_CHANGED', retryable: true });
      expect(error.message).toMatch(/^"changing.txt" changed while it was being packaged/);
      expect(error.message).toMatch(message);
    });
  });

  describe('the output', () => {
    it.each<[string, string, string]>([
      ['in a folder that is missing', 'no/such/b.zip', 'FOLDER_NOT_FOUND'],
      ['that is a folder', 'folder', 'DISCLOSURE_OUTPUT_INVALID'],
      ['outside the workspace', '../b.zip', 'PATH_OUTSIDE_WORKSPACE'],
      ['through a link out of the workspace', 'out/b.zip', 'PATH_OUTSIDE_WORKSPACE'],
      ['that is a link out of the workspace', 'link.zip', 'PATH_OUTSIDE_WORKSPACE'],
      ['that is one of the inputs', 'a.txt', 'DISCLOSURE_OUTPUT_IS_INPUT'],
      ['that is one of the inputs by another name', 'hard.txt', 'DISCLOSURE_OUTPUT_IS_INPUT'],
      ['with a name too long', 'a'.repeat(300), 'PATH_INVALID'],
    ])('%s is refused', async (_, outPath, code) => {
      await using outside = await makeFolder({ 'target.zip': 'precious' });
      await using folder = await makeFolder({ 'a.txt': 'one', 'folder/x': 'x' });
      await symlink(outside.path, folder.file('out'));
      await symlink(outside.file('target.zip'), folder.file('link.zip'));
      await link(folder.file('a.txt'), folder.file('hard.txt'));
      const before = await listing(folder.path);
      expect(await refusal({ workspace: folder.path }, { files: ['a.txt'], outPath })).toMatchObject({ code, retryable: false });
      expect(await listing(folder.path)).toEqual(before);
      expect(await readFile(outside.file('target.zip'), 'utf8')).toBe('precious');
      expect(await listing(outside.path)).toEqual(['target.zip']);
    });

    it('replaces what was there only when it is complete', async () => {
      await using folder = await makeFolder({ 'a.txt': 'one', 'b.zip': 'the old one' });
      await refusal({ workspace: folder.path }, { files: ['missing'], outPath: 'b.zip' });
      expect(await readFile(folder.file('b.zip'), 'utf8')).toBe('the old one');
      await run({ workspace: folder.path }, { files: ['a.txt'], outPath: 'b.zip' });
      expect(await verifyBundle(folder.file('b.zip'))).toMatchObject({ ok: true });
    });

    it('in a folder without permission is refused', async () => {
      // Root may write everywhere; what it cannot do is make files in /proc.
      await using folder = await makeFolder({ 'locked/x': 'x', 'a.txt': 'one' });
      if (process.getuid?.() === 0) {
        expect(await refusal({ workspace: '/proc' }, { files: ['version'], outPath: 'b.zip' })).toMatchObject({
          retryable: expect.any(Boolean) as boolean,
          code: expect.stringMatching(/^DISCLOSURE_/) as string,
        });
      } else {
        await chmod(folder.file('locked'), 0o500);
        expect(await refusal({ workspace: folder.path }, { files: ['a.txt'], outPath: 'locked/b.zip' })).toMatchObject({
          code: 'DISCLOSURE_OUTPUT_NOT_WRITABLE',
        });
        await chmod(folder.file('locked'), 0o700);
      }
    });

    it('of two runs at the same time is that of one of them, undamaged', async () => {
      await using folder = await makeFolder({ 'a.bin': Buffer.alloc(3_000_000, 'a'), 'b.bin': Buffer.alloc(3_000_001, 'b') });
      for (let i = 0; i < 5; i++) {
        const outputs = await Promise.all(
          ['a.bin', 'b.bin', 'a.bin', 'b.bin'].map((file) => run({ workspace: folder.path }, { files: [file], outPath: 'out.zip' })),
        );
        const report = await verifyBundle(folder.file('out.zip'));
        expect(report).toMatchObject({ ok: true });
        expect(outputs.map((output) => output.sha256)).toContain(sha256(await readFile(folder.file('out.zip'))));
      }
      expect(await listing(folder.path)).toEqual(['a.bin', 'b.bin', 'out.zip']);
    });
  });

  describe('aborted', () => {
    it('at any moment it leaves nothing behind', async () => {
      // Large enough not to be done by the last of these moments.
      await using folder = await makeFolder({ 'a.bin': Buffer.alloc(48_000_000, 'abcdefgh'), 'b.txt': 'b' });
      for (const delay of [0, 1, 3, 10, 20, 40]) {
        await using ctx = createTestContext({ workspace: folder.path });
        const running = run(ctx, { files: ['a.bin', 'b.txt', 'a.bin'], outPath: 'b.zip', level: 9 });
        setTimeout(() => ctx.abort(new Error('cancelled by olive')), delay);
        await expect(running).rejects.toThrow('cancelled by olive');
        expect(await listing(folder.path)).toEqual(['a.bin', 'b.txt']);
      }
    });

    it('beforehand it does nothing', async () => {
      await using folder = await makeFolder({ 'a.txt': 'a' });
      await expect(
        run({ workspace: folder.path, signal: AbortSignal.abort(new Error('no')) }, { files: ['a.txt'], outPath: 'b.zip' }),
      ).rejects.toThrow('no');
    });
  });

  describe('reproducible', () => {
    it('gives the same bytes for the same files, at any time, in any order, by any run', async () => {
      await using folder = await makeFolder({ 'b.txt': 'two', 'a.txt': 'one', 'c/d.bin': Buffer.alloc(2_500_000, 'xyz') });
      const payload = { files: ['b.txt', 'a.txt', { path: 'c/d.bin', description: 'd' }], outPath: 'x.zip', reproducible: true };
      const first = await run({ workspace: folder.path, runId: 'one', initiator: { id: 'olive', roles: [] } }, payload);
      await utimes(folder.file('a.txt'), 1, 1);
      const second = await run(
        { workspace: folder.path, runId: 'two' },
        { ...payload, files: payload.files.toReversed(), outPath: 'y.zip' },
      );
      expect(second.sha256).toBe(first.sha256);
      expect(second.manifest).toEqual(first.manifest);
      const manifest = await manifestOf(folder.file('x.zip'));
      expect(Object.keys(manifest)).toEqual(['version', 'generator', 'files']);
      const different = await run({ workspace: folder.path }, { ...payload, reproducible: false });
      expect(different.sha256).not.toBe(first.sha256);
    });
  });

  describe('artifacts and receipts', () => {
    const put = (ctx: TestContext, content: string, name: string) => ctx.artifacts.put(content, { name });

    it('are packaged by name', async () => {
      await using ctx = createTestContext({ files: { 'old-receipt.json': '{}' } });
      const ref = await put(ctx, 'rows', '../../export.csv');
      const receipt = { runId: '../run-7', inputsHash: 'sha256:a', codeDigest: 'sha256:b', outputsHash: 'sha256:c' };
      const { manifest } = await run(ctx, {
        files: [ref, ref],
        outPath: 'b.zip',
        receipts: ['old-receipt.json', receipt, await put(ctx, '{"r":1}', 'r.json')],
      });
      expect((manifest as ManifestFile[]).map(({ path, entry, kind }) => [path, entry, kind])).toEqual([
        [ref.uri, 'export.csv', undefined],
        [ref.uri, 'export (2).csv', undefined],
        ['old-receipt.json', 'receipts/old-receipt.json', 'receipt'],
        ['receipts/../run-7.json', 'receipts/run-7.json', 'receipt'],
        [expect.stringMatching(/^artifact:/), 'receipts/r.json', 'receipt'],
      ]);
      const entries = await unpack(join(ctx.workspace, 'b.zip'));
      expect(entries['export.csv']).toBe('rows');
      expect(JSON.parse(entries['receipts/run-7.json'] as string)).toEqual(receipt);
      expect(await verifyBundle(join(ctx.workspace, 'b.zip'))).toMatchObject({ ok: true });
    });

    it('that are missing are named with the files that are', async () => {
      await using ctx = createTestContext();
      const hash = 'a'.repeat(64);
      const gone: ArtifactRef = { uri: `artifact:sha256:${hash}`, sha256: hash, size: 1, contentType: 'x', name: 'gone' };
      const error = await refusal(ctx, { files: [gone, 'missing.txt'], outPath: 'b.zip' });
      expect((error.details as { code: string }[]).map(({ code }) => code)).toEqual(['ARTIFACT_NOT_FOUND', 'FILE_NOT_FOUND']);
    });
  });

  it('gives a long list of files as an artifact', async () => {
    await using ctx = createTestContext({ files: Object.fromEntries(Array.from({ length: 1_600 }, (_, i) => [`file-${i}.txt`, `${i}`])) });
    const { manifest } = await run(ctx, { files: Array.from({ length: 1_600 }, (_, i) => `file-${i}.txt`), outPath: 'b.zip' });
    if (!isArtifactRef(manifest)) throw new Error('an artifact was expected');
    const listed = JSON.parse((await ctx.readArtifact(manifest)).toString()) as ManifestFile[];
    expect(listed).toEqual((await manifestOf(join(ctx.workspace, 'b.zip'))).files);
  });

  it('says what it will touch', () => {
    expect(disclosurePackage.resources?.({ files: ['a', { path: 'b' }], outPath: 'o.zip', receipts: ['r'] })).toEqual([
      { type: 'file', id: 'a' },
      { type: 'file', id: 'b' },
      { type: 'file', id: 'r' },
      { type: 'file', id: 'o.zip' },
    ]);
  });

  it('writes nothing in a dry run, and tells what it would list', async () => {
    await using folder = await makeFolder({ 'a.txt': 'one' });
    const output = await run({ workspace: folder.path, dryRun: true }, { files: ['a.txt'], outPath: 'b.zip' });
    expect(output).toEqual({
      bundle: 'b.zip',
      manifest: [{ path: 'a.txt', entry: 'a.txt', sha256: sha256('one'), size: 3 }],
      signed: false,
    });
    expect(await listing(folder.path)).toEqual(['a.txt']);
  });

  it('removes what a killed process left, and nothing else', async () => {
    await using folder = await makeFolder({ 'a.txt': 'one' });
    const { hostname } = await import('node:os');
    const host = sha256(hostname()).slice(0, 8);
    const start = (await readFile(`/proc/${process.pid}/stat`, 'latin1')).split(') ')[1]?.split(' ')[19] as string;
    const partial = (...parts: (string | number)[]) => `.maestro-partial-${parts.join('-')}-0123456789abcdef`;
    const dead = partial(host, 2 ** 22 + 1, 5);
    const reused = partial(host, process.pid, 5);
    const alive = partial(host, process.pid, start);
    const elsewhere = partial('00000000', 1, 5);
    const abandoned = partial('00000001', 1, 5);
    const others = ['.maestro-partial-notes.txt', '.other'];
    for (const name of [dead, reused, alive, elsewhere, abandoned, ...others]) await writeFile(folder.file(name), 'half');
    await utimes(folder.file(abandoned), 1, 1);
    await run({ workspace: folder.path }, { files: ['a.txt'], outPath: 'b.zip' });
    expect(await listing(folder.path)).toEqual([alive, elsewhere, ...others, 'a.txt', 'b.zip'].sort());
  });

  it('random folders are packaged so that they verify, and any change of content is noticed', async () => {
    const name = fc
      .string({ unit: fc.constantFrom('a', 'b', 'Ä', ' ', '.', '-', '日', '\\', ':'), minLength: 1, maxLength: 6 })
      .filter((each) => !/^\.{1,2}$/.test(each));
    const tree = fc.dictionary(
      fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
      fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(new Uint8Array(70_000).fill(65))),
      { minKeys: 1, maxKeys: 8 },
    );
    await fc.assert(
      fc.asyncProperty(tree, fc.integer({ min: 0, max: 9 }), fc.boolean(), fc.nat(), async (files, level, reproducible, pick) => {
        // A file cannot be a folder of another one.
        const paths = Object.keys(files).filter((path) => !Object.keys(files).some((other) => other.startsWith(`${path}/`)));
        await using folder = await makeFolder();
        for (const path of paths) {
          await mkdir(join(folder.path, path, '..'), { recursive: true });
          await writeFile(folder.file(path), files[path] as Uint8Array);
        }
        await run({ workspace: folder.path }, { files: paths, outPath: 'bundle.zip.out', level, reproducible });
        const report = await verifyBundle(folder.file('bundle.zip.out'));
        expect(report.problems).toEqual([]);
        expect(report.files.map(({ sha256: hash }) => hash).sort()).toEqual(paths.map((path) => sha256(files[path] as Uint8Array)).sort());
        // The same entries with one content changed, as somebody with a zip program would do it.
        const entries = await unpack(folder.file('bundle.zip.out'));
        const victim = Object.keys(entries)[pick % Object.keys(entries).length] as string;
        const { handZip } = await import('../../test/support/zip.ts');
        const edited = Object.entries(entries).map(([entry, content]) => ({
          name: entry,
          content: entry === victim ? `${content}!` : content,
        }));
        await writeFile(folder.file('edited.zip'), handZip(edited));
        expect((await verifyBundle(folder.file('edited.zip'))).ok).toBe(false);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
