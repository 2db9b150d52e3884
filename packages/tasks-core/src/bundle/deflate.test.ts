import { createHash } from 'node:crypto';
import { crc32, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compress } from './deflate.ts';

const MIB = 1024 * 1024;

/** Content that is cut into chunks of the given size, each valid only until the next one. */
function source(content: Buffer, chunkSize: number, size = content.length) {
  return {
    size,
    async *read() {
      const chunk = Buffer.alloc(chunkSize);
      for (let at = 0; at < content.length; at += chunkSize) {
        const length = content.copy(chunk, 0, at, at + chunkSize);
        yield chunk.subarray(0, length);
        chunk.fill(0xee);
      }
    },
  };
}

async function compressed(contents: Buffer[], level: number | undefined, chunkSize = 300_000) {
  const sources = contents.map((content) => source(content, chunkSize));
  const results = sources.map(() => ({ data: [] as Buffer[], digest: undefined as unknown }));
  for await (const piece of compress(sources, level)) {
    const result = results[sources.indexOf(piece.source)] as (typeof results)[number];
    expect(result.digest).toBeUndefined();
    result.data.push(Buffer.from(await piece.data));
    result.digest = piece.digest;
  }
  return results.map(({ data, digest }) => ({ data: Buffer.concat(data), digest }));
}

const noise = (length: number) => createHash('shake256', { outputLength: length }).update('seed').digest();
const text = (length: number) => Buffer.alloc(length, 'The quick brown fox jumps over the lazy dog. ');

describe('compress', () => {
  it.each([undefined, 1, 6, 9])('gives one deflate stream per source, and what it was made from (level %s)', async (level) => {
    const contents = [0, 1, 8 * 1024, 8 * 1024 + 1, 64 * 1024, 64 * 1024 + 1, MIB - 1, MIB, MIB + 1, 3 * MIB].flatMap((length) => [
      text(length),
      noise(length),
    ]);
    const results = await compressed(contents, level);
    for (const [i, content] of contents.entries()) {
      const { data, digest } = results[i] as (typeof results)[number];
      const back = level === undefined ? data : inflateRawSync(data);
      expect(back.equals(content)).toBe(true);
      expect(digest).toEqual({ size: content.length, crc32: crc32(content), sha256: createHash('sha256').update(content).digest('hex') });
    }
  });

  it('does not depend on how the content arrives', async () => {
    const content = Buffer.concat([text(MIB + 7), noise(MIB)]);
    const [expected] = await compressed([content], 6);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 10_000, max: 3 * MIB }), async (chunkSize) => {
        const [found] = await compressed([content], 6, chunkSize);
        expect(found?.data.equals(expected?.data as Buffer)).toBe(true);
      }),
      { numRuns: 8 },
    );
  });

  it('fails when the source has more or less than it announced', async () => {
    for (const [size, message] of [
      [99_999, /more than the 99999 bytes/],
      [100_001, /ended 1 bytes before the 100001/],
      [0, /more than the 0 bytes/],
    ] as const) {
      const running = (async () => {
        for await (const { data } of compress([source(noise(100_000), 1_000, size)], 6)) await data;
      })();
      await expect(running).rejects.toThrow(message);
    }
  });
});
