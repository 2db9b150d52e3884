import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactRef, ArtifactSource } from '../artifact.ts';
import { inStore } from './failure.ts';
import { createFolderArtifacts } from './index.ts';
import { contentPath } from './layout.ts';
import { ContentFile } from './write.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sdk-artifacts-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function bytes(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* chunked(...chunks: (Uint8Array | string)[]): AsyncGenerator<Uint8Array | string> {
  yield* chunks;
}

async function temporaries(): Promise<string[]> {
  return existsSync(join(dir, 'tmp')) ? readdir(join(dir, 'tmp')) : [];
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

describe('put', () => {
  it('makes nothing before something is put', async () => {
    createFolderArtifacts(join(dir, 'later'));
    expect(existsSync(join(dir, 'later'))).toBe(false);
  });

  it('refers to content by its hash, size, type and name', async () => {
    const store = createFolderArtifacts(dir);
    const ref = await store.put('grüße', { name: 'hello.txt', contentType: 'text/plain' });
    expect(ref).toEqual({
      uri: `artifact:sha256:${sha256('grüße')}`,
      sha256: sha256('grüße'),
      size: 7,
      contentType: 'text/plain',
      name: 'hello.txt',
    });
    expect(await store.put(new Uint8Array([1, 2]))).toMatchObject({ size: 2, contentType: 'application/octet-stream' });
  });

  it('keeps the same content once, and all of it is the owner’s alone', async () => {
    const store = createFolderArtifacts(dir);
    const [first, second] = await Promise.all([store.put('same', { name: 'a' }), store.put('same', { name: 'b' })]);
    expect(second.sha256).toBe(first.sha256);
    const path = contentPath(dir, first.sha256);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, 'sha256'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(dir, 'sha256', first.sha256.slice(0, 2)))).toEqual([first.sha256]);
    expect(await temporaries()).toEqual([]);
  });

  it('takes any mixture of text and bytes, in chunks of any size', async () => {
    const store = createFolderArtifacts(dir);
    const chunk = fc.oneof(fc.string({ unit: 'binary-ascii', maxLength: 50 }), fc.uint8Array({ maxLength: 50 }));
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 20 }), async (chunks) => {
        const expected = Buffer.concat(chunks.map((each) => Buffer.from(each as Uint8Array)));
        const ref = await store.put(chunked(...chunks));
        expect(ref.sha256).toBe(sha256(expected));
        expect(await bytes(store.open(ref))).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  it.each([0, 1, 262_143, 262_144, 262_145, 524_288, 1_000_001])('takes %i bytes in one piece and in many', async (size) => {
    const store = createFolderArtifacts(dir);
    const content = randomBytes(size);
    const whole = await store.put(content);
    expect(whole).toMatchObject({ size, sha256: sha256(content) });
    const pieces = Readable.from(
      (function* () {
        for (let at = 0; at < size; at += 100_000) yield content.subarray(at, at + 100_000);
      })(),
    );
    expect((await store.put(pieces)).sha256).toBe(whole.sha256);
    expect((await bytes(store.open(whole))).equals(content)).toBe(true);
  });

  it('takes characters that are cut between two strings, and replaces half ones', async () => {
    const store = createFolderArtifacts(dir);
    const text = 'a😀b';
    const ref = await store.put(chunked('a\ud83d', '\ude00b'));
    expect((await bytes(store.open(ref))).toString()).toBe(text);
    expect((await bytes(store.open(await store.put(chunked('x\ud83d', new Uint8Array([33])))))).toString()).toBe('x\ufffd!');
    expect((await bytes(store.open(await store.put(chunked('x\ud83d'))))).toString()).toBe('x\ufffd');
  });

  it('copies small chunks, so that a source may use its buffer again', async () => {
    const buffer = Buffer.alloc(4);
    async function* reusing() {
      for (let i = 0; i < 1_000; i++) {
        buffer.writeUInt32BE(i);
        yield buffer;
      }
    }
    const store = createFolderArtifacts(dir);
    const content = await bytes(store.open(await store.put(reusing())));
    expect(content.readUInt32BE(4 * 500)).toBe(500);
  });

  it('asks its source for no more than it has written', async () => {
    const chunk = new Uint8Array(512 * 1024);
    let produced = 0;
    async function* source() {
      for (let i = 0; i < 8; i++) {
        produced += 1;
        yield chunk;
        const [name] = await temporaries();
        const written = (await stat(join(dir, 'tmp', name ?? ''))).size;
        // Everything before this chunk is in the file when the next one is asked for, and this one too.
        expect(written).toBe(produced * chunk.length);
      }
    }
    await createFolderArtifacts(dir).put(source());
    expect(produced).toBe(8);
  });

  it.each([
    ['a number', 7],
    ['null', null],
    ['undefined', undefined],
    ['an object', { a: 1 }],
    ['an iterable that is not async', [new Uint8Array(1)]],
  ])('refuses %s', async (_, source) => {
    await expect(createFolderArtifacts(dir).put(source as unknown as ArtifactSource)).rejects.toMatchObject({
      code: 'ARTIFACT_SOURCE_INVALID',
    });
    expect(await temporaries()).toEqual([]);
  });

  it('refuses a chunk that is neither text nor bytes, and leaves nothing', async () => {
    const source = chunked('fine', { a: 1 } as unknown as string);
    await expect(createFolderArtifacts(dir).put(source)).rejects.toThrow('a chunk of the artifact: expected a string');
    expect(await temporaries()).toEqual([]);
  });

  it('passes on what its source throws, and leaves nothing', async () => {
    const broken = new Error('connection reset');
    async function* source() {
      yield 'half';
      throw broken;
    }
    await expect(createFolderArtifacts(dir).put(source())).rejects.toBe(broken);
    expect(await temporaries()).toEqual([]);
    expect(existsSync(join(dir, 'sha256'))).toBe(false);
  });

  it('leaves nothing behind when it is aborted, before, during and while its source hangs', async () => {
    const store = createFolderArtifacts(dir);
    await expect(store.put('x', { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early');
    const controller = new AbortController();
    let cleaned = false;
    async function* source() {
      try {
        yield new Uint8Array(1_000_000);
        controller.abort(new Error('cancelled'));
        await new Promise(() => {});
      } finally {
        cleaned = true;
      }
    }
    await expect(store.put(source(), { signal: controller.signal })).rejects.toThrow('cancelled');
    expect(await temporaries()).toEqual([]);
    expect(existsSync(join(dir, 'sha256'))).toBe(false);
    expect(cleaned).toBe(false);
  });

  it('lets a stream that is aborted close', async () => {
    const controller = new AbortController();
    const stream = new Readable({ read() {} });
    const putting = createFolderArtifacts(dir).put(stream, { signal: controller.signal });
    stream.push('some');
    controller.abort(new Error('cancelled'));
    await expect(putting).rejects.toThrow('cancelled');
    await expect.poll(() => stream.destroyed).toBe(true);
  });

  it('mends content that the disk has spoilt', async () => {
    const store = createFolderArtifacts(dir);
    const ref = await store.put('precious');
    await writeFile(contentPath(dir, ref.sha256), 'previous');
    await store.put('precious');
    expect((await bytes(store.open(ref))).toString()).toBe('precious');
  });

  it('survives its folder being removed while it is in use', async () => {
    const store = createFolderArtifacts(dir);
    await store.put('one');
    await rm(dir, { recursive: true });
    const ref = await store.put('two');
    expect((await bytes(store.open(ref))).toString()).toBe('two');
  });

  it('sweeps up what a killed process has left, and nothing that is being written', async () => {
    await mkdir(join(dir, 'tmp'));
    const old = new Date(Date.now() - 25 * 60 * 60 * 1000);
    await writeFile(join(dir, 'tmp', 'dead'), 'x');
    await utimes(join(dir, 'tmp', 'dead'), old, old);
    await writeFile(join(dir, 'tmp', 'alive'), 'x');
    await createFolderArtifacts(dir).put('x');
    expect(await temporaries()).toEqual(['alive']);
  });

  it('says that the disk is full, that this may pass, and leaves nothing', async () => {
    // The device that is always full, through the same file and the same translation of its error as put.
    const path = join(dir, 'partial');
    await writeFile(path, '');
    const file = new ContentFile(dir, path, await open('/dev/full', 'w'));
    await expect(inStore(dir, 'writing an artifact', () => file.write(new Uint8Array(10)))).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_FULL',
      retryable: true,
      message: expect.stringContaining(dir) as string,
    });
    await file.discard();
    expect(existsSync(path)).toBe(false);
  });

  it('says that it cannot write, and that waiting will not help', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(createFolderArtifacts(join(dir, 'file')).put('x')).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_FAILED',
      retryable: false,
    });
  });
});

describe('open', () => {
  it('can be read more than once, and stops when it is no longer read', async () => {
    const store = createFolderArtifacts(dir);
    const ref = await store.put(randomBytes(1_000_000));
    const content = store.open(ref);
    for await (const chunk of content) {
      expect(chunk.length).toBeLessThan(ref.size);
      break;
    }
    expect((await bytes(content)).length).toBe(1_000_000);
  });

  it('finds what another store of the same folder has put', async () => {
    const ref = await createFolderArtifacts(dir).put('shared');
    expect((await bytes(createFolderArtifacts(dir).open(ref))).toString()).toBe('shared');
  });

  it('names what is not there', async () => {
    const store = createFolderArtifacts(dir);
    const ref: ArtifactRef = {
      uri: `artifact:sha256:${sha256('x')}`,
      sha256: sha256('x'),
      size: 1,
      contentType: 'text/plain',
      name: 'x.txt',
    };
    await expect(bytes(store.open(ref))).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      message: expect.stringContaining('x.txt') as string,
    });
    const kept = await store.put('y');
    await rm(contentPath(dir, kept.sha256));
    await expect(bytes(store.open(kept))).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  });

  it('never hands out the end of content that was changed', async () => {
    const store = createFolderArtifacts(dir);
    const ref = await store.put(randomBytes(600_000));
    const file = await open(contentPath(dir, ref.sha256), 'r+');
    await file.write(Buffer.from([0, 1, 2]), 0, 3, 300_000);
    await file.close();
    let seen = 0;
    await expect(
      (async () => {
        for await (const chunk of store.open(ref)) seen += chunk.length;
      })(),
    ).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    expect(seen).toBeLessThan(ref.size);
    const small = await store.put('small');
    await writeFile(contentPath(dir, small.sha256), 'SMALL');
    await expect(bytes(store.open(small))).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
  });

  it('notices content that was cut or has grown before it hands out any', async () => {
    const store = createFolderArtifacts(dir);
    for (const size of [3, 20]) {
      const ref = await store.put(`ten bytes ${size}`);
      await truncate(contentPath(dir, ref.sha256), size);
      await expect(store.open(ref)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
        code: 'ARTIFACT_CORRUPT',
        message: expect.stringContaining(`found ${size}`) as string,
      });
    }
  });

  it.each([
    ['a path', { sha256: '../../../etc/passwd', uri: 'artifact:sha256:../../../etc/passwd', size: 1 }],
    ['a hash in capitals', { sha256: 'A'.repeat(64), uri: `artifact:sha256:${'A'.repeat(64)}`, size: 1 }],
    ['two different hashes', { sha256: 'a'.repeat(64), uri: `artifact:sha256:${'b'.repeat(64)}`, size: 1 }],
    ['no size', { sha256: 'a'.repeat(64), uri: `artifact:sha256:${'a'.repeat(64)}` }],
    ['a negative size', { sha256: 'a'.repeat(64), uri: `artifact:sha256:${'a'.repeat(64)}`, size: -1 }],
    ['null', null],
    ['text', 'artifact:sha256:abc'],
  ])('refuses %s as reference', async (_, ref) => {
    await expect(bytes(createFolderArtifacts(dir).open(ref as unknown as ArtifactRef))).rejects.toMatchObject({
      code: 'ARTIFACT_REF_INVALID',
    });
  });

  it('ends when it is aborted', async () => {
    const store = createFolderArtifacts(dir);
    const ref = await store.put(randomBytes(1_000_000));
    const controller = new AbortController();
    await expect(
      (async () => {
        for await (const _ of store.open(ref, { signal: controller.signal })) controller.abort(new Error('cancelled'));
      })(),
    ).rejects.toThrow('cancelled');
  });

  it('is no way to a folder in the place of content', async () => {
    const store = createFolderArtifacts(dir);
    const ref = await store.put('x');
    const path = contentPath(dir, ref.sha256);
    await rm(path);
    await mkdir(path);
    await expect(bytes(store.open(ref))).rejects.toMatchObject({
      code: expect.stringMatching(/ARTIFACT_(CORRUPT|STORE_FAILED)/) as string,
    });
  });
});

it('streams in constant memory', async () => {
  const store = createFolderArtifacts(dir);
  const chunk = randomBytes(1024 * 1024);
  async function* large() {
    for (let i = 0; i < 256; i++) yield chunk;
  }
  const ref = await store.put(large());
  let peak = 0;
  let size = 0;
  const before = process.memoryUsage().arrayBuffers;
  for await (const each of store.open(ref)) {
    size += each.length;
    peak = Math.max(peak, process.memoryUsage().arrayBuffers);
  }
  expect(size).toBe(256 * 1024 * 1024);
  expect(peak - before).toBeLessThan(128 * 1024 * 1024);
});
