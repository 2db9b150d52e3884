import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ndjsonRecords } from './ndjson.ts';

async function read(chunks: Uint8Array[], longest?: number) {
  async function* source() {
    yield* chunks;
  }
  const records = [];
  for await (const record of ndjsonRecords(source(), longest)) records.push(record);
  return records;
}

describe('ndjsonRecords', () => {
  it('reads the same records wherever the chunks are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue()),
        fc.array(fc.nat(200)),
        fc.constantFrom('\n', '\r\n', '\n\n'),
        async (values, cuts, separator) => {
          const bytes = Buffer.from(values.map((value) => JSON.stringify(value)).join(separator));
          const chunks: Buffer[] = [];
          let at = 0;
          for (const cut of cuts) {
            chunks.push(bytes.subarray(at, at + cut));
            at += cut;
          }
          chunks.push(bytes.subarray(at));
          expect(await read(chunks)).toEqual(
            values.map((value, index) => ({ number: index + 1, value: JSON.parse(JSON.stringify(value)) as unknown })),
          );
        },
      ),
    );
  });

  it('passes over a record that is too long without keeping it, and reads on', async () => {
    const records = await read([Buffer.from(`"${'a'.repeat(100)}`), Buffer.from('bbb"\n1\n'), Buffer.from(`[${'2,'.repeat(50)}`)], 50);
    expect(records.map((record) => ('problem' in record ? record.problem : record.value))).toEqual([
      'is longer than 50 bytes',
      1,
      'is longer than 50 bytes',
    ]);
  });

  it('names a record that is not UTF-8', async () => {
    expect(await read([Buffer.from([0x22, 0xc3, 0x28, 0x22, 0x0a]), Buffer.from('1')])).toMatchObject([
      { number: 1, problem: 'is not UTF-8' },
      { number: 2, value: 1 },
    ]);
  });
});
