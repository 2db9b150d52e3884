import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { isTaskError, type RunContext } from '@summit/maestro-sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../test/support/folder.ts';
import { unpack } from '../../test/support/unpack.ts';
import { type HandEntry, type HandZip, handZip, zeros } from '../../test/support/zip.ts';
import { keyId } from '../bundle/envelope.ts';
import { disclosurePackage } from './disclosure.package.ts';
import { type VerifyOptions, type VerifyReport, verifyBundle } from './disclosure.verify.ts';

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

/** A manifest that is right about `files`. */
function manifestOf(files: Record<string, string | Buffer>, change: (file: Record<string, unknown>) => void = () => {}): HandEntry {
  const listed = Object.entries(files).map(([entry, content]) => {
    const file = { path: entry, entry, sha256: sha256(content), size: Buffer.byteLength(content) };
    change(file);
    return file;
  });
  return { name: 'manifest.json', content: JSON.stringify({ version: 1, generator: 'by hand', files: listed }) };
}

async function verify(bytes: Buffer, options?: VerifyOptions): Promise<VerifyReport> {
  await using folder = await makeFolder({ 'bundle.zip': bytes });
  return await verifyBundle(folder.file('bundle.zip'), options);
}

const codes = (report: VerifyReport) => [...new Set(report.problems.map(({ code }) => code))].sort();

const FILES = { 'a.txt': 'one', 'b/c.txt': 'two' };
const ENTRIES: HandEntry[] = Object.entries(FILES).map(([name, content]) => ({ name, content }));
const good = (more: HandEntry[] = [], zip: HandZip = {}) => handZip([...ENTRIES, ...more, manifestOf(FILES)], zip);

const keys = generateKeyPairSync('ed25519');
const otherKeys = generateKeyPairSync('ed25519');
const publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }) as string;
const signer = { keyId: keyId(keys.publicKey), sign: async (data: Uint8Array) => sign(null, data, keys.privateKey) };

async function packaged(files: Record<string, string | Uint8Array>, ctx: Partial<RunContext> = {}, level = 6): Promise<Buffer> {
  await using folder = await makeFolder(files);
  await disclosurePackage.execute({ ...ctx, workspace: folder.path } as RunContext, {
    payload: { files: Object.keys(files), outPath: 'bundle.zip', level },
  });
  return await readFile(folder.file('bundle.zip'));
}

describe('verifyBundle', () => {
  it('accepts a bundle that is right, and says what is in it', async () => {
    const report = await verify(good());
    expect(report).toMatchObject({
      ok: true,
      problems: [],
      problemCount: 0,
      signature: { status: 'missing' },
      manifest: { version: 1, generator: 'by hand' },
    });
    expect(report.files.map(({ entry, ok }) => [entry, ok])).toEqual([
      ['a.txt', true],
      ['b/c.txt', true],
    ]);
  });

  it('accepts entries that are stored, empty, large or have names beyond ASCII', async () => {
    const files = { 'empty.bin': '', 'größe-日本語-😀.txt': 'ü', 'large.bin': Buffer.alloc(3_000_000, 'abc') };
    const entries = Object.entries(files).map(([name, content], i) => ({ name, content, method: i % 2 === 0 ? 0 : 8 }));
    expect(await verify(handZip([...entries, manifestOf(files)]))).toMatchObject({ ok: true });
  });

  describe('content that is not what the manifest says', () => {
    it.each<[string, Buffer, string[]]>([
      ['another content', handZip([{ name: 'a.txt', content: 'ONE' }, ENTRIES[1] as HandEntry, manifestOf(FILES)]), ['FILE_HASH_MISMATCH']],
      ['another size', handZip([{ name: 'a.txt', content: 'ones' }, ENTRIES[1] as HandEntry, manifestOf(FILES)]), ['FILE_SIZE_MISMATCH']],
      ['a file too few', handZip([ENTRIES[1] as HandEntry, manifestOf(FILES)]), ['FILE_MISSING']],
      ['a file too many', good([{ name: 'extra.sh', content: 'rm -rf /' }]), ['FILE_ADDED']],
      [
        'a file under another name',
        handZip([{ name: 'A.txt', content: 'one' }, ENTRIES[1] as HandEntry, manifestOf(FILES)]),
        ['FILE_ADDED', 'FILE_MISSING'],
      ],
      [
        'a wrong checksum',
        handZip([{ name: 'a.txt', content: 'one', crc: 1 }, ENTRIES[1] as HandEntry, manifestOf(FILES)]),
        ['ENTRY_CORRUPT'],
      ],
      ['a file twice, the same', good([ENTRIES[0] as HandEntry]), ['ENTRY_DUPLICATE']],
      ['a file twice, differently', good([{ name: 'a.txt', content: 'two' }]), ['ENTRY_DUPLICATE']],
      ['a second manifest', good([manifestOf({ 'a.txt': 'evil' })]), ['ENTRY_DUPLICATE', 'FILE_MISSING', 'FILE_HASH_MISMATCH']],
    ])('%s', async (_, bytes, expected) => {
      const report = await verify(bytes);
      expect(report.ok).toBe(false);
      for (const code of codes(report)) expect([...expected, 'FILE_ADDED', 'FILE_SIZE_MISMATCH']).toContain(code);
      expect(codes(report)).toContain(expected[0]);
    });
  });

  describe('a manifest that is wrong', () => {
    it.each<[string, Buffer, string]>([
      ['is missing', handZip(ENTRIES), 'MANIFEST_MISSING'],
      ['is no JSON', handZip([...ENTRIES, { name: 'manifest.json', content: '{' }]), 'MANIFEST_INVALID'],
      ['is no UTF-8', handZip([...ENTRIES, { name: 'manifest.json', content: Buffer.from([0x22, 0xff, 0x22]) }]), 'MANIFEST_INVALID'],
      ['is a list', handZip([...ENTRIES, { name: 'manifest.json', content: '[]' }]), 'MANIFEST_INVALID'],
      ['is of another version', handZip([...ENTRIES, { name: 'manifest.json', content: '{"version":2,"files":[]}' }]), 'MANIFEST_INVALID'],
      ['has no files', handZip([...ENTRIES, { name: 'manifest.json', content: '{"version":1}' }]), 'MANIFEST_INVALID'],
      [
        'lists a negative size',
        handZip([
          ...ENTRIES,
          manifestOf(FILES, (file) => {
            file.size = -1;
          }),
        ]),
        'MANIFEST_INVALID',
      ],
      [
        'lists no hash',
        handZip([
          ...ENTRIES,
          manifestOf(FILES, (file) => {
            delete file.sha256;
          }),
        ]),
        'MANIFEST_INVALID',
      ],
      ['lists a file twice', handZip([...ENTRIES, manifestOf({ 'a.txt': 'one' })]), 'FILE_ADDED'],
      ['lists itself', handZip([...ENTRIES, manifestOf({ ...FILES, 'manifest.json': 'x' })]), 'MANIFEST_INVALID'],
      [
        'lists __proto__',
        handZip([
          ...ENTRIES,
          {
            name: 'manifest.json',
            content: '{"version":1,"__proto__":{"polluted":1},"files":[{"__proto__":{"path":"a","entry":"a","sha256":"a","size":0}}]}',
          },
        ]),
        'MANIFEST_INVALID',
      ],
      [
        'is a bomb',
        handZip([...ENTRIES, { name: 'manifest.json', data: zeros(100 * 1024 * 1024), size: 100 * 1024 * 1024 }]),
        'MANIFEST_TOO_LARGE',
      ],
      ['is a bomb that lies', handZip([...ENTRIES, { name: 'manifest.json', data: zeros(100 * 1024 * 1024), size: 100 }]), 'ENTRY_CORRUPT'],
    ])('%s', async (_, bytes, code) => {
      const report = await verify(bytes);
      expect(report.ok).toBe(false);
      expect(codes(report)).toContain(code);
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
    });
  });

  describe('entries that would unpack to another place', () => {
    it.each([
      '../evil',
      'a/../../evil',
      '/etc/passwd',
      'C:\\evil',
      'C:evil',
      'a\\..\\evil',
      '..',
      'a/./b',
      'a//b',
      './a',
      'nul\0byte',
      'line\nbreak',
      'tab\tname',
      'exe.\u202efdp',
      '',
    ])('named %j', async (name) => {
      const report = await verify(handZip([{ name, content: 'x' }, manifestOf({ [name]: 'x' })]));
      expect(codes(report)).toContain('ENTRY_NAME_UNSAFE');
    });

    it.each<[string, HandEntry, string]>([
      ['a symbolic link', { name: 'link', content: '/etc', mode: 0o120777 }, 'ENTRY_NOT_A_FILE'],
      ['a folder', { name: 'folder/', content: '', mode: 0o40755 }, 'ENTRY_NOT_A_FILE'],
      ['a device', { name: 'device', content: '', mode: 0o60644 }, 'ENTRY_NOT_A_FILE'],
      ['an encrypted entry', { name: 'secret', content: 'x', flags: 1 }, 'ENTRY_ENCRYPTED'],
      ['strong encryption', { name: 'secret', content: 'x', flags: 0x41 }, 'ZIP_INVALID'],
      ['another compression method', { name: 'lzma', content: 'x', method: 14 }, 'ENTRY_UNSUPPORTED'],
      ['a name that is no UTF-8', { name: Buffer.from([0x61, 0xff]), content: 'x', flags: 0x800 }, 'ENTRY_NAME_UNSAFE'],
      ['a name not marked as UTF-8', { name: 'ü', content: 'x', flags: 0 }, 'ENTRY_NAME_UNSAFE'],
      ['a second name', { name: 'a', content: 'x', extra: Buffer.from([0x75, 0x70, 6, 0, 1, 0, 0, 0, 0, 0x62]) }, 'ENTRY_NAME_CONFLICT'],
      ['a malformed extra field', { name: 'a', content: 'x', extra: Buffer.from([1, 0, 200, 0]) }, 'ZIP_INVALID'],
      ['a name before the data that differs', { name: 'a', content: 'x', local: { name: 'b' } }, 'ENTRY_HEADER_MISMATCH'],
      ['flags before the data that differ', { name: 'a', content: 'x', local: { flags: 0x800 } }, 'ENTRY_HEADER_MISMATCH'],
      ['a method before the data that differs', { name: 'a', content: 'x', local: { method: 0 } }, 'ENTRY_HEADER_MISMATCH'],
      ['a size before the data that differs', { name: 'a', content: 'x', local: { size: 7 } }, 'ENTRY_HEADER_MISMATCH'],
      ['a checksum before the data that differs', { name: 'a', content: 'x', local: { crc: 7 } }, 'ENTRY_HEADER_MISMATCH'],
      ['stored with two sizes', { name: 'a', content: 'x', method: 0, size: 2 }, 'ENTRY_CORRUPT'],
      ['data that is no deflate', { name: 'a', content: 'x', data: Buffer.from('ffffff', 'hex') }, 'ENTRY_CORRUPT'],
      ['data that is cut off', { name: 'a', content: 'hello', data: Buffer.from('4b', 'hex') }, 'ENTRY_CORRUPT'],
      [
        'data after the compressed content',
        { name: 'a', content: 'x', data: Buffer.concat([zeros(0), Buffer.from('hidden')]), size: 0, crc: 0 },
        'ENTRY_CORRUPT',
      ],
      [
        'much data after the compressed content',
        { name: 'a', content: 'x', data: Buffer.concat([zeros(0), Buffer.alloc(500_000)]), size: 0, crc: 0 },
        'ENTRY_CORRUPT',
      ],
    ])('%s', async (_, entry, code) => {
      const content = entry.size === 0 ? '' : (entry.content ?? '');
      const report = await verify(handZip([...ENTRIES, entry, manifestOf({ ...FILES, [String(entry.name)]: content })]));
      expect(report.ok).toBe(false);
      expect(codes(report)).toContain(code);
    });

    it('two names that some file systems take for one', async () => {
      for (const [one, two] of [
        ['a.txt', 'A.TXT'],
        ['ü', 'u\u0308'],
        ['a', 'a/b'],
      ] as const) {
        const report = await verify(
          handZip([{ name: one, content: '1' }, { name: two, content: '2' }, manifestOf({ [one]: '1', [two]: '2' })]),
        );
        expect(codes(report)).toEqual(['ENTRY_NAME_CONFLICT']);
      }
    });
  });

  describe('a zip in which something is hidden', () => {
    it.each<[string, Buffer]>([
      ['before it', good([], { prefix: Buffer.from('#!/bin/sh\n') })],
      ['after it', good([], { suffix: Buffer.from('more') })],
      ['in its comment', good([], { comment: 'hello' })],
      ['before the list of entries', good([], { beforeCentral: Buffer.from('hidden') })],
      ['after the list of entries', good([], { afterCentral: Buffer.from('hidden') })],
      ['between entries', good([{ name: 'x', content: 'x', gap: Buffer.from('hidden') }])],
      ['as an entry that is not listed', good([{ name: 'x', content: 'x', unlisted: true }])],
      ['by a count that is too small', good([], { count: 2 })],
      ['by a count that is too large', good([], { count: 4 })],
      ['by another list of entries', Buffer.concat([good(), good()])],
    ])('%s', async (_, bytes) => {
      const report = await verify(bytes);
      expect(report.ok).toBe(false);
      for (const code of codes(report)) {
        expect(['ZIP_HIDDEN_DATA', 'ZIP_INVALID', 'FILE_ADDED', 'MANIFEST_MISSING', 'ENTRY_HEADER_MISMATCH', 'ENTRY_OVERLAP']).toContain(
          code,
        );
      }
    });
  });

  it('does not expand entries that share their data', async () => {
    const size = 20 * 1024 * 1024;
    const content = Buffer.alloc(size);
    const hash = sha256(content);
    const [first, ...rest] = Array.from({ length: 200 }, (_, i) => `file-${i}`);
    const files = [first, ...rest].map((name) => ({ path: name, entry: name, sha256: hash, size }));
    // All of them point to the first one's data, which expands to 4 GB in all.
    const bytes = handZip([
      { name: first as string, content, data: zeros(size) },
      ...rest.map((name) => ({ name, size, crc: crc32(content), data: Buffer.alloc(0), offset: 0 })),
      { name: 'manifest.json', content: JSON.stringify({ version: 1, files }) },
    ]);
    const started = performance.now();
    const report = await verify(bytes);
    expect(codes(report)).toContain('ENTRY_OVERLAP');
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it('stops expanding where an entry becomes larger than it says', async () => {
    const report = await verify(
      handZip([
        { name: 'bomb', data: zeros(500 * 1024 * 1024), size: 1_000_000, crc: 0 },
        {
          name: 'manifest.json',
          content: JSON.stringify({ version: 1, files: [{ path: 'bomb', entry: 'bomb', sha256: 'a'.repeat(64), size: 1_000_000 }] }),
        },
      ]),
    );
    expect(report.problems).toEqual([{ code: 'ENTRY_CORRUPT', entry: 'bomb', message: 'expands to more than the 1000000 bytes it says' }]);
  });

  it('keeps to its limits', async () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}`, 'x']));
    const bytes = handZip([
      ...Object.entries(many).map(([name, content]) => ({ name, content })),
      { name: 'manifest.json', content: '{"version":1,"files":[]}' },
    ]);
    expect(codes(await verify(bytes, { limits: { maxEntries: 10 } }))).toEqual(['ZIP_TOO_MANY_ENTRIES']);
    const report = await verify(bytes, { limits: { maxProblems: 5 } });
    expect([report.problems.length, report.problemCount]).toEqual([5, 50]);
    expect(codes(await verify(good(), { limits: { maxTotalBytes: 5 } }))).toEqual(['BUNDLE_TOO_LARGE']);
    expect(codes(await verify(good(), { limits: { maxManifestBytes: 5 } }))).toEqual(['MANIFEST_TOO_LARGE']);
  });

  describe('the signature', () => {
    it('is valid with the key it was made with', async () => {
      const bytes = await packaged(FILES, { signer });
      const report = await verify(bytes, { publicKey });
      expect(report).toMatchObject({ ok: true, signature: { status: 'valid', keyIds: [signer.keyId] } });
      expect(await verify(bytes)).toMatchObject({ ok: true, signature: { status: 'unchecked', keyIds: [signer.keyId] } });
    });

    it('is a problem where it is missing, foreign, wrong or malformed', async () => {
      const bytes = await packaged(FILES, { signer });
      const other = otherKeys.publicKey.export({ type: 'spki', format: 'pem' }) as string;
      expect(await verify(good(), { publicKey })).toMatchObject({
        ok: false,
        signature: { status: 'missing' },
        problems: [{ code: 'SIGNATURE_MISSING' }],
      });
      expect(await verify(bytes, { publicKey: other })).toMatchObject({
        ok: false,
        signature: { status: 'invalid' },
        problems: [{ code: 'SIGNATURE_FOREIGN' }],
      });
      const manifest = manifestOf(FILES);
      const payload = Buffer.from(manifest.content as string).toString('base64');
      const payloadType = 'application/vnd.maestro.disclosure+json';
      const envelope = (content: unknown) =>
        handZip([...ENTRIES, manifest, { name: 'manifest.dsse.json', content: JSON.stringify(content) }]);
      const sig = Buffer.alloc(64).toString('base64');
      for (const [content, code] of [
        [{ payloadType, payload, signatures: [{ keyid: signer.keyId, sig }] }, 'SIGNATURE_INVALID'],
        [{ payloadType, payload, signatures: [] }, 'SIGNATURE_FOREIGN'],
        [{ payloadType, payload: 'e30=', signatures: [{ keyid: signer.keyId, sig }] }, 'SIGNATURE_INVALID'],
        [{ payloadType: 'text/plain', payload, signatures: [] }, 'SIGNATURE_INVALID'],
        [{ payloadType, payload, signatures: [{ keyid: 1 }] }, 'SIGNATURE_INVALID'],
        [[], 'SIGNATURE_INVALID'],
      ] as const) {
        expect(await verify(envelope(content), { publicKey })).toMatchObject({
          ok: false,
          signature: { status: 'invalid' },
          problems: [{ code }],
        });
      }
      // Without a key only what anybody can see is checked: that it is about this manifest.
      expect(await verify(envelope({ payloadType, payload: 'e30=', signatures: [] }))).toMatchObject({
        ok: false,
        problems: [{ code: 'SIGNATURE_INVALID' }],
      });
    });

    it('wants an Ed25519 key', async () => {
      const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }) as string;
      for (const key of ['no key', '', rsa])
        await expect(verify(good(), { publicKey: key })).rejects.toMatchObject({ code: 'PUBLIC_KEY_INVALID' });
    });
  });

  describe('what is no bundle', () => {
    it.each([
      ['nothing', Buffer.alloc(0)],
      ['a text', Buffer.from('hello world, this is not a zip at all')],
      ['zeros', Buffer.alloc(100_000)],
      ['an empty zip', handZip([])],
      ['half a zip', good().subarray(0, 150)],
      ['the end of a zip', good().subarray(-22)],
      ['a tar-like block', Buffer.alloc(512, 'ustar')],
    ])('%s', async (_, bytes) => {
      const report = await verify(bytes);
      expect(report.ok).toBe(false);
      expect(['ZIP_INVALID', 'MANIFEST_MISSING']).toContain(report.problems[0]?.code);
    });

    it('a file that cannot be read is an error', async () => {
      await using folder = await makeFolder();
      for (const path of [folder.file('missing.zip'), folder.path, '/dev/null']) {
        const error: unknown = await verifyBundle(path).catch((reason: unknown) => reason);
        expect(isTaskError(error) && error.code).toBe('BUNDLE_UNREADABLE');
      }
    });
  });

  it('ends when it is told to', async () => {
    await using folder = await makeFolder({ 'bundle.zip': await packaged({ 'a.bin': Buffer.alloc(30_000_000) }) });
    const controller = new AbortController();
    const running = verifyBundle(folder.file('bundle.zip'), { signal: controller.signal });
    setImmediate(() => controller.abort(new Error('enough')));
    await expect(running).rejects.toThrow('enough');
  });

  it('notices every single flipped bit that changes anything', async () => {
    const bytes = await packaged({ 'a.txt': 'hello '.repeat(30), 'b.bin': Buffer.from([1, 2, 3]), 'größe.txt': '' }, { signer });
    await using folder = await makeFolder({ 'original.zip': bytes });
    const original = await unpack(folder.file('original.zip'));
    const path = folder.file('bundle.zip');
    let noticed = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (at, bit) => {
        const copy = Buffer.from(bytes);
        copy[at] = (copy[at] as number) ^ (1 << bit);
        await writeFile(path, copy);
        if ((await verifyBundle(path, { publicKey })).ok) {
          // A time, a version number, padding, another way to compress the same: nothing that anybody gets to see.
          expect(await unpack(path)).toEqual(original);
        } else noticed++;
      }),
      { numRuns: 1_500 },
    );
    expect(noticed).toBeGreaterThan(1_000);
  }, 60_000);

  it('refuses or survives every truncation', async () => {
    const bytes = await packaged(FILES);
    await using folder = await makeFolder();
    for (let length = 0; length < bytes.length; length++) {
      await writeFile(folder.file('bundle.zip'), bytes.subarray(0, length));
      expect((await verifyBundle(folder.file('bundle.zip'))).ok).toBe(false);
    }
  }, 60_000);

  it('never crashes on a damaged bundle', async () => {
    const bytes = await packaged({ 'a.txt': 'hello', 'b.txt': 'world' });
    await using folder = await makeFolder();
    const path = folder.file('bundle.zip');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 }),
        fc.nat(3),
        async (edits, cut) => {
          const copy = Buffer.from(bytes);
          for (const [at, value] of edits) copy[at] = value;
          await writeFile(path, copy.subarray(0, bytes.length - cut));
          expect(typeof (await verifyBundle(path)).ok).toBe('boolean');
        },
      ),
      { numRuns: 500 },
    );
  }, 60_000);
});
