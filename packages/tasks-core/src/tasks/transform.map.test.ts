import { compileExpression } from '@summit/maestro-expressions';
import { type ArtifactRef, createRunContext, isTaskError, type RunContext } from '@summit/maestro-sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { transformMap } from './transform.map.ts';

type Payload = Parameters<typeof transformMap.execute>[1]['payload'];
const context = createRunContext({});
const run = async (payload: Payload, ctx: RunContext = context) => (await transformMap.execute(ctx, { payload })).payload;

/** Settles with the error's code, message and details. */
async function failure(payload: unknown, ctx: RunContext = context) {
  try {
    await transformMap.execute(ctx, { payload: payload as Payload });
  } catch (error) {
    if (!isTaskError(error)) throw error;
    const { code, message, details, retryable } = error;
    return { code, message, details, retryable };
  }
  throw new Error('it did not fail');
}

async function text(ref: ArtifactRef): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of context.artifacts.open(ref)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const ndjson = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

describe('a mapping', () => {
  it('is an object of any shape whose texts are expressions', async () => {
    const mapping = {
      id: 'string(row.id)',
      at: 'index',
      constant: 7,
      nothing: null,
      yes: true,
      text: '"a text"',
      deep: { list: ['row.id', 1, ['row.id + 1']], 'odd name': 'row.id * 2' },
      whole: 'row',
      absent: 'row.?missing',
    };
    const { rows, count, skipped } = await run({ rows: [{ id: 1 }, { id: 2 }], mapping });
    expect(rows).toEqual([
      {
        id: '1',
        at: 0,
        constant: 7,
        nothing: null,
        yes: true,
        text: 'a text',
        deep: { list: [1, 1, [2]], 'odd name': 2 },
        whole: { id: 1 },
      },
      {
        id: '2',
        at: 1,
        constant: 7,
        nothing: null,
        yes: true,
        text: 'a text',
        deep: { list: [2, 1, [3]], 'odd name': 4 },
        whole: { id: 2 },
      },
    ]);
    expect({ count, skipped }).toEqual({ count: 2, skipped: 0 });
  });

  it('may be one expression for all of the row', async () => {
    expect((await run({ rows: [{ record: { a: 1 } }, { record: 'x' }], mapping: 'row.record' })).rows).toEqual([{ a: 1 }, 'x']);
  });

  it('takes rows of any kind, and fields named like those of objects', async () => {
    const mapping = JSON.parse('{ "__proto__": "row", "constructor": "index", "toString": 1 }') as { [name: string]: unknown };
    const { rows } = await run({ rows: [null, 1, 'a', [2]], mapping });
    expect(rows?.map((row) => Object.entries(row as object))).toEqual(
      [null, 1, 'a', [2]].map((row, index) => [
        ['__proto__', row],
        ['constructor', index],
        ['toString', 1],
      ]),
    );
  });

  it('passes over no hole in the list, and leaves out rows that are nested too deeply', async () => {
    const holed: unknown[] = [1];
    holed[2] = 3;
    expect((await run({ rows: holed, mapping: { at: 'index' } })).rows).toEqual([{ at: 0 }, { at: 1 }, { at: 2 }]);
    const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    const artifact = await context.artifacts.put(`{"a":1}\n${deep}\n{"a":3}`, { name: 'rows.ndjson' });
    const call = (more: object) => run({ artifact, mapping: 'row', ...more });
    await expect(call({})).rejects.toMatchObject({
      code: 'TRANSFORM_ROW_FAILED',
      message: expect.stringMatching(/row 1 .*1000 levels deep/),
    });
    expect(await call({ onError: 'skip', as: 'rows' })).toMatchObject({ rows: [{ a: 1 }, { a: 3 }], failed: 1, failures: [{ index: 1 }] });
  });

  it('reads vars, and nothing else', async () => {
    const vars = { rate: 2, names: { a: 'Ada' } };
    expect(
      (await run({ rows: [{ n: 1.5, key: 'a' }], vars, mapping: { n: 'row.n * double(vars.rate)', name: 'vars.names[row.key]' } })).rows,
    ).toEqual([{ n: 3, name: 'Ada' }]);
    for (const name of ['params', 'inputs', 'tasks', 'run', 'item', 'secrets', 'process', 'globalThis'])
      expect(await failure({ rows: [], mapping: { x: `${name}.x` } })).toMatchObject({ code: 'TRANSFORM_EXPRESSION_INVALID' });
  });

  it('of every row is what its expressions are on their own', async () => {
    const leaves = [
      'row.a',
      'row.a + row.b',
      'row.b > 3',
      'string(row.a) + "-" + row.s',
      '[row.s, index]',
      'row.s.matches("a+")',
      'has(row.c)',
    ];
    const row = fc.record(
      { a: fc.integer({ min: -1e6, max: 1e6 }), b: fc.integer({ min: -1e6, max: 1e6 }), s: fc.string(), c: fc.boolean() },
      { requiredKeys: ['a', 'b', 's'] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 50 }), fc.subarray(leaves, { minLength: 1 }), async (rows, chosen) => {
        const mapping = Object.fromEntries(chosen.map((source, at) => [`f${at}`, source]));
        const expected = rows.map((row, index) =>
          Object.fromEntries(chosen.map((source, at) => [`f${at}`, compileExpression(source).evaluate({ row, index })])),
        );
        expect((await run({ rows, mapping })).rows).toEqual(expected);
      }),
    );
  });

  it('that is wrong names every place before a row is touched', async () => {
    const untouched = new Proxy([], {
      get: (target, key) => (key === 'length' || typeof key === 'symbol' ? Reflect.get(target, key) : expect.fail('touched')),
    });
    const mapping = { ok: 'row.a', bad: { list: ['row.a', 'row.a +'] }, 'odd name': 'rwo.b', long: '1 +\n  vers.x' };
    const { code, message, details } = await failure({ rows: untouched, mapping, filter: '"x"' });
    expect(code).toBe('TRANSFORM_EXPRESSION_INVALID');
    expect(message).toMatch(/filter, column 1: a filter is true or false, found a string/);
    expect(message).toMatch(/mapping\.bad\.list\[1\], column 8: /);
    expect(message).toMatch(/mapping\["odd name"\], column 1: unknown name "rwo" \(did you mean `row`\?/);
    expect(message).toMatch(/mapping\.long, line 2, column 3: unknown name "vers"/);
    expect((details as unknown[]).length).toBe(4);
    await expect(transformMap.validate?.({ payload: { rows: [], mapping } })).rejects.toMatchObject({
      code: 'TRANSFORM_EXPRESSION_INVALID',
    });
  });

  it('within limits: too deep, too many, too much work, a pattern that would take forever', async () => {
    let deep: unknown = 'row';
    for (let i = 0; i < 70; i++) deep = { deep };
    expect(await failure({ rows: [1], mapping: deep })).toMatchObject({ code: 'TRANSFORM_EXPRESSION_INVALID' });
    expect(await failure({ rows: [1], mapping: { all: Array.from({ length: 10_001 }, () => 'row') } })).toMatchObject({
      code: 'TRANSFORM_EXPRESSION_INVALID',
    });
    const list = Array.from({ length: 5_000 }, (_, i) => i);
    expect(await failure({ rows: [{ list }], mapping: { x: 'row.list.map(a, row.list.map(b, a * b)).size()' } })).toMatchObject({
      code: 'TRANSFORM_ROW_FAILED',
      message: expect.stringMatching(/row 0 .*mapping\.x: .*too much work/),
    });
    const begin = performance.now();
    expect((await run({ rows: ['a'.repeat(50_000)], mapping: { x: 'row.matches("^(a+)+$")' } })).rows).toEqual([{ x: true }]);
    expect(performance.now() - begin).toBeLessThan(5_000);
  });
});

describe('a row that fails', () => {
  const rows = [{ n: 1 }, { n: 'one' }, {}, { n: 2 }];

  it('is named with its index and expression', async () => {
    expect(await failure({ rows, mapping: { a: { b: ['row.n * 2'] } } })).toEqual({
      code: 'TRANSFORM_ROW_FAILED',
      message: expect.stringMatching(/^row 1 \(counted from 0\): mapping\.a\.b\[0\]: `row\.n \* 2`: /),
      details: { index: 1, path: 'mapping.a.b[0]', message: expect.any(String) },
      retryable: false,
    });
    expect(await failure({ rows, filter: 'row.n' })).toMatchObject({
      message: 'row 0 (counted from 0): filter: a filter is true or false, found a value of type number',
    });
  });

  it('is left out and counted where that is asked for', async () => {
    const result = await run({ rows, mapping: { n: 'row.n * 2' }, onError: 'skip', maxFailures: 1 });
    expect(result).toMatchObject({
      rows: [{ n: 2 }, { n: 4 }],
      count: 2,
      skipped: 0,
      failed: 2,
      failures: [{ index: 1, path: 'mapping.n' }],
    });
    expect(result.failures).toHaveLength(1);
  });

  it('of an artifact is named where it is no JSON', async () => {
    const artifact = await context.artifacts.put('{"n":1}\n{"n":\n{"n":3}\n', { name: 'rows.ndjson' });
    expect(await failure({ artifact, mapping: 'row.n' })).toMatchObject({
      code: 'TRANSFORM_ROW_FAILED',
      message: expect.stringMatching(/^row 1 \(counted from 0\): is not JSON/),
    });
    const result = await run({ artifact, mapping: 'row.n', onError: 'skip', as: 'rows' });
    expect(result).toMatchObject({ rows: [1, 3], count: 2, failed: 1, failures: [{ index: 1 }] });
  });
});

describe('a filter', () => {
  it('looks at the row as it came, and index stays that of the source', async () => {
    const rows = [{ n: 1 }, { n: 5 }, { n: 9 }];
    expect(await run({ rows, filter: 'row.n > vars.least', vars: { least: 3 }, mapping: { n: 'string(row.n)', index: 'index' } })).toEqual({
      rows: [
        { n: '5', index: 1 },
        { n: '9', index: 2 },
      ],
      count: 2,
      skipped: 1,
    });
    expect((await run({ rows, filter: '!has(vars.since) || row.n > vars.since' })).rows).toEqual(rows);
  });
});

describe('an artifact', () => {
  it('of NDJSON or an array becomes NDJSON, in order, wherever its chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue(), { maxLength: 30 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        async (values, array, cut) => {
          const bytes = Buffer.from(array ? JSON.stringify(values) : ndjson(values));
          async function* source() {
            for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
          }
          const artifacts = { ...context.artifacts, open: () => source(), put: context.artifacts.put };
          const ref = {
            uri: `artifact:sha256:${'0'.repeat(64)}`,
            sha256: '0'.repeat(64),
            size: bytes.length,
            contentType: 'application/json',
            name: array ? 'a.json' : 'a.ndjson',
          };
          const result = await run(
            { artifact: ref, mapping: '{"value": row, "at": index}', name: 'made.ndjson' },
            { ...context, artifacts },
          );
          expect(result).toMatchObject({
            count: values.length,
            skipped: 0,
            artifact: { contentType: 'application/x-ndjson', name: 'made.ndjson' },
          });
          expect(await text(result.artifact as ArtifactRef)).toBe(
            ndjson(values.map((value, at) => ({ value: JSON.parse(JSON.stringify(value)) as unknown, at }))),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is made of inline rows, and rows of an artifact, where that is asked for', async () => {
    const made = await run({ rows: [1, 2], mapping: 'row * 2', as: 'artifact' });
    expect(await text(made.artifact as ArtifactRef)).toBe('2\n4\n');
    expect((await run({ artifact: made.artifact as ArtifactRef, filter: 'row > 2', as: 'rows' })).rows).toEqual([4]);
  });

  it('keeps the digits of integers that no number has, as texts', async () => {
    const artifact = await context.artifacts.put('{"id":9007199254740993,"n":9007199254740991}\n', { name: 'rows.ndjson' });
    const made = await run({ artifact, mapping: { id: 'string(row.id)', n: 'row.n' }, as: 'rows' });
    expect(made.rows).toEqual([{ id: '9007199254740993', n: 9007199254740991 }]);
  });

  it('is not kept where a row fails', async () => {
    const artifact = await context.artifacts.put(ndjson([1, 'x']), { name: 'rows.ndjson' });
    expect(await failure({ artifact, mapping: 'row * 2' })).toMatchObject({ code: 'TRANSFORM_ROW_FAILED' });
  });
});

describe('the input', () => {
  it.each([
    [{ mapping: {} }, /found neither/],
    [{ rows: [], artifact: {}, mapping: {} }, /not both/],
    [{ rows: [] }, /nothing to do/],
    [{ rows: {}, mapping: {} }, /expected a list/],
    [{ rows: [], mapping: 7 }, /expected an object/],
    [{ rows: [], filter: true }, /expected an expression/],
  ])('%j is refused', async (payload, message) => {
    expect(await failure(payload)).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(message) });
  });
});

describe('a long transformation', () => {
  it('lets the process work meanwhile, and ends when it is aborted', async () => {
    const controller = new AbortController();
    const list = Array.from({ length: 300 }, (_, i) => i);
    const rows = Array.from({ length: 100_000 }, () => ({ list }));
    const running = run({ rows, mapping: 'row.list.map(n, n * 2).size()' }, { ...context, signal: controller.signal });
    let turns = 0;
    const timer = setInterval(() => ++turns === 3 && controller.abort(new Error('enough')), 1);
    await expect(running).rejects.toThrow('enough');
    clearInterval(timer);
    expect(turns).toBeGreaterThanOrEqual(3);
  });
});
