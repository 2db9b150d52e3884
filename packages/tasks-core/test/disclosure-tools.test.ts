import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Artifacts, RunContext } from '@summit/maestro-sdk';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { disclosurePackage } from '@summit/maestro-tasks-core';
import { verifyBundle } from '@summit/maestro-tasks-core/ops/disclosure.verify';
import { describe, expect, it } from 'vitest';
import { makeFolder } from './support/folder.ts';

/** sha256 and size of every entry as Python reads it; read to its end, an entry's checksum is checked as well. */
const PYTHON = `
import hashlib, json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
def sha(name):
    h = hashlib.sha256()
    with z.open(name) as f:
        while chunk := f.read(1 << 20): h.update(chunk)
    return h.hexdigest()
print(json.dumps({i.filename: [sha(i), i.file_size] for i in z.infolist()}))
`;

type Listed = { entry: string; sha256: string; size: number };

/** Has the bundle read by everybody else's programs, and its contents compared with the manifest. */
async function readByOthers(path: string, files: Listed[]): Promise<void> {
  const read = async (program: string, ...args: string[]) => (await promisify(execFile)(program, args, { maxBuffer: 1 << 26 })).stdout;
  // All at once: a large bundle takes each of them a long time.
  const [unzip, sevenZip, listed] = await Promise.all([
    read('unzip', '-tq', path),
    read('7z', 't', path),
    read('python3', '-c', PYTHON, path),
  ]);
  expect(unzip).toContain('No errors detected');
  expect(sevenZip).toContain('Everything is Ok');
  const python = JSON.parse(listed) as Record<string, [string, number]>;
  expect(Object.keys(python).sort()).toEqual([...files.map(({ entry }) => entry), 'manifest.json'].sort());
  for (const { entry, sha256, size } of files) expect([entry, ...(python[entry] ?? [])]).toEqual([entry, sha256, size]);
}

/** Whether each program reads the largest bundles to their end, which takes a minute; else unzip does. */
const EVERY_TOOL = process.env.MAESTRO_TEST_EVERY_TOOL === '1';

describe('unzip, 7z and Python accept the bundle', () => {
  it.each([0, 1, 6, 9])('at level %i', async (level) => {
    const text = 'It was the best of times, it was the worst of times. '.repeat(60_000);
    await using folder = await makeFolder({
      'text.txt': text,
      'a/report.pdf': 'one',
      'b/report.pdf': 'two',
      'größe/日本語 😀.txt': 'ü',
      'empty.bin': '',
      'byte.bin': 'x',
      'zeros.bin': Buffer.alloc(2 * 1024 * 1024),
      'noise.bin': createHash('shake256', { outputLength: 3_000_000 }).update('seed').digest(),
      "odd'name $(x) %s.txt": 'odd',
    });
    const files = [
      'text.txt',
      'a/report.pdf',
      'b/report.pdf',
      'größe/日本語 😀.txt',
      'empty.bin',
      'byte.bin',
      'zeros.bin',
      'noise.bin',
      "odd'name $(x) %s.txt",
    ];
    const { payload } = await disclosurePackage.execute({ workspace: folder.path } as RunContext, {
      payload: { files, outPath: 'bundle.zip', level },
    });
    await readByOthers(folder.file('bundle.zip'), payload.manifest as Listed[]);
    // As somebody who unpacks it with unzip sees it.
    execFileSync('unzip', ['-q', folder.file('bundle.zip'), '-d', folder.file('unpacked')], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
    const sums = execFileSync('sha256sum', [folder.file('unpacked/text.txt'), folder.file('unpacked/größe/日本語 😀.txt')], {
      encoding: 'utf8',
    });
    for (const entry of ['text.txt', 'größe/日本語 😀.txt'])
      expect(sums).toContain((payload.manifest as Listed[]).find((file) => file.entry === entry)?.sha256);
  });

  it('with a file of more than 4 GiB, and one behind it', async () => {
    await using folder = await makeFolder({ 'after.txt': 'after' });
    const size = 4 * 1024 ** 3 + 12_345;
    // Sparse: it takes no space, but is read as so many zeros.
    const large = await open(folder.file('large.bin'), 'w');
    await large.truncate(size);
    await large.close();
    const { payload } = await disclosurePackage.execute({ workspace: folder.path } as RunContext, {
      payload: { files: ['large.bin', 'after.txt'], outPath: 'bundle.zip', level: 1 },
    });
    expect(payload.manifest).toMatchObject([{ size }, { size: 5 }]);
    expect(await verifyBundle(folder.file('bundle.zip'))).toMatchObject({ ok: true, problems: [] });
    if (EVERY_TOOL) await readByOthers(folder.file('bundle.zip'), payload.manifest as Listed[]);
    else expect(execFileSync('unzip', ['-tq', folder.file('bundle.zip')], { encoding: 'utf8' })).toContain('No errors detected');
  }, 300_000);

  it('with more than 65,535 entries', async () => {
    await using folder = await makeFolder({ f: 'content' });
    await using store = createTestContext();
    const ref = await store.artifacts.put(Buffer.from('content'), { name: 'f' });
    // Most of them are in memory: it is the number of entries that matters here, and opening a file takes longer than all else.
    const artifacts: Artifacts = {
      put: (source, meta) => store.artifacts.put(source, meta),
      async *open() {
        yield Buffer.from('content');
      },
    };
    const files = Array.from({ length: 66_000 }, (_, at) => (at < 2_000 ? 'f' : ref));
    const { payload } = await disclosurePackage.execute({ workspace: folder.path, artifacts } as RunContext, {
      payload: { files, outPath: 'bundle.zip' },
    });
    expect(payload.manifest).toMatchObject({ uri: expect.stringMatching(/^artifact:/) as string });
    const report = await verifyBundle(folder.file('bundle.zip'));
    expect([report.ok, report.files.length]).toEqual([true, 66_000]);
    await readByOthers(folder.file('bundle.zip'), report.files);
  }, 300_000);
});
