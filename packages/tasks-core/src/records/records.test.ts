import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrayBatches } from './json-array.ts';
import { ndjsonBatches } from './ndjson.ts';
import type { SourceRecord } from './record.ts';
import { recordBatches } from './records-of.ts';
import { ndjsonBytes } from './write.ts';

type Reader = (source: AsyncIterable<Uint8Array>, longest?: number) => AsyncIterable<SourceRecord[]>;

async function read(reader: Reader, chunks: Uint8Array[], longest?: number): Promise<SourceRecord[]> {
  async function* source() {
    yield* chunks;
  }
  const records = [];
  for await (const batch of reader(source(), longest)) records.push(...batch);
  return records;
}

/** As an artifact without a telling name. */
const sniffed: Reader = (source, longest) => {
  const artifacts = { put: () => Promise.reject(new Error('not written to')), open: () => source };
  const ref = { uri: '', sha256: '', size: 0, contentType: 'application/octet-stream', name: 'raw' };
  return recordBatches({ artifacts, signal: new AbortController().signal }, ref, longest);
};

function cutAt(bytes: Buffer, cuts: number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const cut of cuts) {
    chunks.push(bytes.subarray(at, at + cut));
    at += cut;
  }
  return [...chunks, bytes.subarray(at)];
}

const problems = (records: SourceRecord[]) => records.map((record) => ('problem' in record ? record.problem : record.value));

describe('records', () => {
  it('are the same wherever the chunks are cut, from NDJSON and from an array', async () => {
    const separators = fc.constantFrom('\n', '\r\n', '\n\n');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), fc.array(fc.nat(200)), separators, fc.boolean(), async (values, cuts, separator, bom) => {
        const expected = values.map((value, index) => ({ number: index + 1, value: JSON.parse(JSON.stringify(value)) as unknown }));
        const mark = bom ? '\uFEFF' : '';
        const lines = Buffer.from(mark + values.map((value) => JSON.stringify(value)).join(separator));
        expect(await read(ndjsonBatches, cutAt(lines, cuts))).toEqual(expected);
        const arrays = [
          JSON.stringify(values),
          JSON.stringify(values, null, 2),
          ` [${values.map((value) => JSON.stringify(value)).join(' , ')}] \n`,
        ];
        for (const text of arrays) {
          const chunks = cutAt(Buffer.from(mark + text), cuts);
          expect(await read(arrayBatches, chunks)).toEqual(expected);
          expect(await read(sniffed, chunks)).toEqual(expected);
        }
      }),
    );
  });

  it('are written and read back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.dictionary(fc.string(), fc.jsonValue()))), async (batches) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of ndjsonBytes(batches)) chunks.push(chunk);
        const values = (await read(sniffed, chunks)).map((record) => 'value' in record && record.value);
        expect(values).toEqual(JSON.parse(JSON.stringify(batches.flat())));
      }),
    );
  });

  it('that are too long are passed over without being kept', async () => {
    const lines = [Buffer.from(`"${'a'.repeat(100)}`), Buffer.from('bbb"\n1\n'), Buffer.from(`[${'2,'.repeat(50)}`)];
    expect(problems(await read(ndjsonBatches, lines, 50))).toEqual(['is longer than 50 bytes', 1, 'is longer than 50 bytes']);
    const array = [Buffer.from(`["${'a'.repeat(100)}`), Buffer.from('bbb",1]')];
    expect(problems(await read(arrayBatches, array, 50))).toEqual(['is longer than 50 bytes', 1]);
  });

  it('whose integers would lose digits are known by them', async () => {
    const lines = [
      '{"id":9007199254740993,"more":[-12345678901234567890],"s":"9007199254740993"}',
      '{"id":9007199254740991,"f":0.1234567890123456789,"e":1e300,"exact":12345678901234567168,"own":-32688187077653230,"z":1000000000000000000000}',
    ];
    const [first, second] = await read(ndjsonBatches, [Buffer.from(lines.join('\r\n'))]);
    expect(first).toEqual({
      number: 1,
      value: JSON.parse(lines[0] as string),
      inexact: {
        integer: '9007199254740993',
        exact: { id: '9007199254740993', more: ['-12345678901234567890'], s: '9007199254740993' },
        text: lines[0],
      },
    });
    expect(second).toEqual({ number: 2, value: JSON.parse(lines[1] as string) });
    expect(await read(arrayBatches, [Buffer.from(`[${lines.join(', ')}]`)])).toEqual([first, second]);
  });

  it('that are nested deeper than recursion can bear are named, and no others', async () => {
    const nested = (depth: number) => `${'{"a":['.repeat(depth / 2)}"[{"${']}'.repeat(depth / 2)}`;
    const flat = JSON.stringify(Array.from({ length: 3_000 }, () => ['{[\\"']));
    const texts = [nested(100_000), nested(1_000), flat, nested(1_002)];
    const deep = { problem: 'is nested more than 1000 levels deep' };
    const expected = [deep, { number: 2 }, { value: JSON.parse(flat) }, { number: 4, ...deep }];
    expect(await read(ndjsonBatches, [Buffer.from(texts.join('\n'))])).toMatchObject(expected);
    expect(await read(arrayBatches, [Buffer.from(`[${texts.join(',')}]`)])).toMatchObject(expected);
  });

  it('that are not UTF-8 are named', async () => {
    expect(await read(ndjsonBatches, [Buffer.from([0x22, 0xc3, 0x28, 0x22, 0x0a]), Buffer.from('1')])).toMatchObject([
      { number: 1, problem: 'is not UTF-8' },
      { number: 2, value: 1 },
    ]);
  });

  it.each([
    ['[1,,2]', [1, expect.stringContaining('is not JSON'), 2]],
    ['[1,]', [1, expect.stringContaining('is not JSON')]],
    ['[1 2]', [expect.stringContaining('is not JSON')]],
    ['[1}', ['the text ends before the array does']],
    ['[1', ['the text ends before the array does']],
    ['["a', ['the text ends before the array does']],
    ['[1] [2]', [1, 'the text goes on after the array']],
    ['{"a":1}', ['the text is not a JSON array']],
    ['', ['the text is not a JSON array']],
    ['[]', []],
    ['["],[\\"", {"a":[1,"}"]}]', ['],["', { a: [1, '}'] }]],
  ])('of the array %s', async (text, expected) => {
    expect(problems(await read(arrayBatches, [Buffer.from(text)]))).toEqual(expected);
  });
});
