import { createRunContext, isTaskError } from '@summit/maestro-sdk';
import { ClientPool } from '@summit/maestro-sdk/pool';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { transformMap } from '../tasks/transform.map.ts';

type Payload = Parameters<typeof transformMap.execute>[1]['payload'];
let pool = new ClientPool();
// A process that has ended is let go of a moment later.
afterEach(async () => {
  await none();
  await pool.close();
  pool = new ClientPool();
});

function context(signal?: AbortSignal) {
  const given = {
    trusts: async () => true,
    pool: (...args: Parameters<ClientPool['get']>) => pool.get(...args),
    ...(signal ? { signal } : {}),
  };
  return createRunContext(given as Parameters<typeof createRunContext>[0]);
}
const run = async (payload: Payload, signal?: AbortSignal) => (await transformMap.execute(context(signal), { payload })).payload;
async function code(payload: Payload, signal?: AbortSignal): Promise<string> {
  try {
    await run(payload, signal);
  } catch (error) {
    return isTaskError(error) ? error.code : (error as Error).message;
  }
  throw new Error('it did not fail');
}
/** The processes that this one has started and that have not ended. */
const processes = () => process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length - before;
let before = 0;
before = processes();
const none = () => vi.waitFor(() => expect(processes()).toBe(0));

describe('a mapper', () => {
  it('is refused where nobody says that it is trusted', async () => {
    const payload = { rows: [1], mapper: 'return row;' };
    const refuse = (given: object) =>
      expect(transformMap.execute(createRunContext(given), { payload })).rejects.toMatchObject({ code: 'MAPPER_NOT_TRUSTED' });
    await refuse({});
    await refuse({ trusts: async (text: string) => text !== payload.mapper });
    await refuse({ trusts: async () => 'yes' });
  });

  it('makes rows of row, index and vars, after the filter, in order', async () => {
    const rows = Array.from({ length: 1_700 }, (_, id) => ({ id }));
    const result = await run({
      rows,
      filter: 'row.id % 3 != 0',
      vars: { by: 10 },
      mapper: 'const { id } = row;\nreturn { id, index, times: id * vars.by };',
    });
    const kept = rows.filter(({ id }) => id % 3 !== 0);
    expect(result).toEqual({
      rows: kept.map(({ id }) => ({ id, index: id, times: id * 10 })),
      count: kept.length,
      skipped: rows.length - kept.length,
    });
  });

  it('gets and gives any JSON as it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 30 }), async (values) => {
        const rows = JSON.parse(JSON.stringify(values)) as unknown[];
        expect((await run({ rows, mapper: 'return row' })).rows).toEqual(rows);
      }),
      { numRuns: 10 },
    );
  });

  it('that fails for a row names it and the line', async () => {
    const rows = [{ tags: ['a'] }, {}];
    const mapper = '// first\nreturn row.tags.length;';
    await expect(run({ rows, mapper })).rejects.toMatchObject({
      code: 'TRANSFORM_ROW_FAILED',
      message: expect.stringMatching(/^row 1 \(counted from 0\): mapper: Cannot read properties of undefined .*\(line 2\)$/),
      details: { index: 1, path: 'mapper' },
    });
    expect(await run({ rows, mapper, onError: 'skip' })).toMatchObject({ rows: [1], failed: 1, failures: [{ index: 1 }] });
  });

  it('and a mapping are not one', async () => {
    expect(await code({ rows: [1], mapper: 'return row', mapping: 'row' })).toBe('INVALID_INPUT');
  });
});

describe('a mapper that asks for too much', () => {
  it.each([
    ['an endless loop', 'for (;;);', 'MAPPER_TIMEOUT'],
    ['an endless regular expression', 'return /^(a+)+$/.test("a".repeat(64) + "b")', 'MAPPER_TIMEOUT'],
    ['endless iteration in the language', 'return [...{ *[Symbol.iterator]() { for (;;); } }]', 'MAPPER_TIMEOUT'],
    ['an endless toJSON', 'return { toJSON() { for (;;); } }', 'MAPPER_TIMEOUT'],
    ['a list without end', 'const list = []; for (;;) list.push({ list: [] });', 'MAPPER_OUT_OF_MEMORY'],
    ['one huge list', 'return new Array(3e7).fill(0).map(() => ({}));', 'MAPPER_OUT_OF_MEMORY'],
    ['more than there can be', 'const texts = []; for (;;) texts.push("ab".repeat(2 ** 27).split(""));', 'MAPPER_OUT_OF_MEMORY'],
    ['a huge row', 'return "x".repeat(17 * 2 ** 20);', 'MAPPER_OUTPUT_TOO_LARGE'],
  ])('%s ends with its own code, and the next one works', async (_, mapper, expected) => {
    const quick = expected === 'MAPPER_TIMEOUT' ? 300 : 20_000;
    expect(
      await code({ rows: [1], mapper, mapperTimeoutMs: quick, mapperMemoryMb: 32 + (expected === 'MAPPER_OUTPUT_TOO_LARGE' ? 96 : 0) }),
    ).toBe(expected);
    expect((await run({ rows: [1], mapper: 'return row + 1' })).rows).toEqual([2]);
    await none();
  });

  it('a batch of large rows, too', async () => {
    const rows = Array.from({ length: 100 }, () => 1);
    expect(await code({ rows, mapper: 'return "x".repeat(1e6)', mapperTimeoutMs: 20_000 })).toBe('MAPPER_OUTPUT_TOO_LARGE');
  });
});

describe('the processes of mappers', () => {
  it('end with the run that is aborted, whatever they do', async () => {
    const controller = new AbortController();
    const running = code({ rows: [1], mapper: 'for (;;);', mapperTimeoutMs: 60_000 }, controller.signal);
    while (processes() === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('enough'));
    expect(await running).toBe('enough');
    await none();
  });

  it('are few at the same time, and end when the worker does', async () => {
    const running = Array.from({ length: 12 }, () => code({ rows: [1], mapper: 'for (;;);', mapperTimeoutMs: 60_000 }));
    while (processes() === 0) await new Promise((resolve) => setImmediate(resolve));
    const { availableParallelism } = await import('node:os');
    expect(processes()).toBeLessThanOrEqual(availableParallelism());
    await pool.close();
    const codes = await Promise.all(running);
    expect(new Set(codes)).toEqual(new Set(['MAPPER_STOPPED']));
    await none();
  });
});
