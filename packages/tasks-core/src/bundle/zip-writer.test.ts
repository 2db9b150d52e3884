import { createWriteStream } from 'node:fs';
import type { ZipArchive } from 'archiver';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { makeFolder } from '../../test/support/folder.ts';
import { unpack } from '../../test/support/unpack.ts';
import { whole } from './blocks.ts';
import { ZipWriter } from './zip-writer.ts';

type Module = { engine: object; append(...args: unknown[]): void; finalize(): void };

/** What this version of archiver shows of its zip engine. */
const shown = vi.hoisted(() => ({ engine: 'real' as 'real' | 'hidden' | 'another' }));

vi.mock('archiver', async (original) => {
  const real = await original<{ ZipArchive: typeof ZipArchive }>();
  class Changed extends real.ZipArchive {
    constructor(options: ConstructorParameters<typeof ZipArchive>[0]) {
      super(options);
      if (shown.engine === 'real') return;
      const self = this as unknown as { _module: Module };
      const module = self._module;
      const another = { _smartStream() {}, _afterAppend() {} };
      self._module = {
        append: module.append.bind(module),
        finalize: module.finalize.bind(module),
        on: (...args: [string, () => void]) => (module.engine as NodeJS.EventEmitter).on(...args),
        ...(shown.engine === 'another' ? { engine: another } : {}),
      } as unknown as Module;
    }
  }
  return { ...real, ZipArchive: Changed };
});

const contents = { 'a.txt': 'a'.repeat(3_000_000), 'empty.txt': '', 'b.txt': 'b' };

async function write(path: string, signal = new AbortController().signal) {
  const zip = new ZipWriter(createWriteStream(path), 6, signal);
  const sources = Object.entries(contents).map(([entry, content]) => ({
    entry,
    modified: new Date(),
    size: content.length,
    read: () => whole(Buffer.from(content)),
  }));
  const names: string[] = [];
  try {
    for await (const { source } of zip.add(sources)) names.push(source.entry);
    await zip.finish();
  } finally {
    await zip.close();
  }
  return names;
}

describe('ZipWriter', () => {
  beforeEach(() => {
    shown.engine = 'real';
  });

  it('writes what it is given', async () => {
    await using folder = await makeFolder();
    expect(await write(folder.file('a.zip'))).toEqual(Object.keys(contents));
    expect(await unpack(folder.file('a.zip'))).toEqual(contents);
  });

  it('lets archiver compress where its engine is not the one known here', async () => {
    shown.engine = 'hidden';
    await using folder = await makeFolder();
    await write(folder.file('a.zip'));
    expect(await unpack(folder.file('a.zip'))).toEqual(contents);
  });

  it('fails where the engine looks like the one known here but does not take deflated content', async () => {
    shown.engine = 'another';
    await using folder = await makeFolder();
    await expect(write(folder.file('a.zip'))).rejects.toThrow('archiver compressed a.txt for a second time');
  });

  it('fails when its output does', async () => {
    await expect(write('/no/such/folder/a.zip')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(write('/dev/full')).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  it('ends when it is aborted', async () => {
    await using folder = await makeFolder();
    const controller = new AbortController();
    const running = write(folder.file('a.zip'), controller.signal);
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });
});
