import { type ArtifactRef, isTaskError, type RunContext, type TaskError } from '@summit/maestro-sdk';
import { createTestContext, type TestContext } from '@summit/maestro-sdk/testing';
import { describe, expect, it } from 'vitest';
import type { SchemaFailure } from '../json-schema/failure.ts';
import { schemaValidate } from './schema.validate.ts';

const bare = {} as RunContext;
type Payload = Parameters<typeof schemaValidate.execute>[1]['payload'];

const check = (schema: unknown, data: unknown, more: Partial<Payload> = {}, ctx: RunContext = bare) =>
  schemaValidate.execute(ctx, { payload: { schema, data, ...more } as Payload });

async function refusal(
  schema: unknown,
  data: unknown,
  more: Partial<Payload> = {},
  ctx: RunContext = bare,
): Promise<TaskError & { details: SchemaFailure[] }> {
  const error: unknown = await check(schema, data, more, ctx).then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  if (!isTaskError(error)) throw error;
  expect(error.retryable).toBe(false);
  return error as TaskError & { details: SchemaFailure[] };
}

describe('tasks/schema.validate', () => {
  it('says that valid data is valid', async () => {
    await expect(check({ type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] }, { id: 1 })).resolves.toEqual({
      payload: { valid: true },
    });
    await expect(check(true, 'anything')).resolves.toEqual({ payload: { valid: true } });
    await expect(check({}, null)).resolves.toEqual({ payload: { valid: true } });
  });

  it('lists every failure with pointer, keyword, message and what was found', async () => {
    const schema = {
      type: 'object',
      required: ['id', 'name'],
      additionalProperties: false,
      properties: { id: { type: 'integer' }, name: { type: 'string' }, 'a/b~c': { enum: ['x', 'y'] }, kind: { const: 'k' } },
    };
    const error = await refusal(schema, { id: 'seven', 'a/b~c': 'z', other: 1, kind: 2 });
    expect(error.code).toBe('SCHEMA_VALIDATION_FAILED');
    expect(error.message).toMatch(/^Schema validation failed: 5 errors: /);
    expect(error.details).toEqual(
      expect.arrayContaining([
        {
          pointer: '',
          keyword: 'required',
          message: "must have required property 'name'",
          found: '{"id":"seven","a/b~c":"z","other":1,"kind":2}',
          schema: '#/required',
        },
        {
          pointer: '',
          keyword: 'additionalProperties',
          message: 'must NOT have additional properties: "other"',
          found: expect.any(String) as string,
          schema: '#/additionalProperties',
        },
        { pointer: '/id', keyword: 'type', message: 'must be integer', found: '"seven"', schema: '#/properties/id/type' },
        {
          pointer: '/a~1b~0c',
          keyword: 'enum',
          message: 'must be equal to one of the allowed values: ["x","y"]',
          found: '"z"',
          schema: expect.stringContaining('/enum') as string,
        },
        { pointer: '/kind', keyword: 'const', message: 'must be equal to constant: "k"', found: '2', schema: '#/properties/kind/const' },
      ]),
    );
  });

  it('cuts long values, and lists no more failures than it is asked for', async () => {
    const error = await refusal(
      { type: 'array', items: { type: 'integer' } },
      Array.from({ length: 500 }, () => 'x'.repeat(1_000_000)),
      { maxFailures: 7 },
    );
    expect(error.details).toHaveLength(7);
    expect(error.details[0]?.found).toMatch(/^"x{119}…$/);
    expect(error.message).toContain('500 errors');
    expect(error.message).toContain('and 497 more');
    expect(error.message.length).toBeLessThan(700);
  });

  describe('drafts', () => {
    const uri = {
      '07': 'http://json-schema.org/draft-07/schema#',
      '2019-09': 'https://json-schema.org/draft/2019-09/schema',
      '2020-12': 'https://json-schema.org/draft/2020-12/schema',
    };

    it('are chosen by $schema, which means 2020-12 where it is missing', async () => {
      const tuple = { items: [{ type: 'integer' }, { type: 'string' }], additionalItems: false };
      await expect(check({ $schema: uri['07'], ...tuple }, [1, 'a'])).resolves.toBeDefined();
      expect((await refusal({ $schema: uri['07'], ...tuple }, [1, 'a', 2])).code).toBe('SCHEMA_VALIDATION_FAILED');
      expect((await refusal({ $schema: uri['2019-09'], ...tuple }, ['a'])).code).toBe('SCHEMA_VALIDATION_FAILED');
      expect((await refusal({ $schema: uri['2020-12'], prefixItems: [{ type: 'integer' }], items: false }, [1, 2])).code).toBe(
        'SCHEMA_VALIDATION_FAILED',
      );
      expect((await refusal({ prefixItems: [{ type: 'integer' }], items: false }, [1, 2])).code).toBe('SCHEMA_VALIDATION_FAILED');
      expect((await refusal(tuple, [1])).code).toBe('SCHEMA_INVALID');
    });

    it('07: what stands beside $ref does not count', async () => {
      const schema = { definitions: { text: { type: 'string' } }, properties: { a: { $ref: '#/definitions/text', maxLength: 1 } } };
      await expect(check({ $schema: uri['07'], ...schema }, { a: 'long' })).resolves.toBeDefined();
      expect((await refusal({ $schema: uri['2020-12'], ...schema }, { a: 'long' })).code).toBe('SCHEMA_VALIDATION_FAILED');
    });

    it('2019-09 and 2020-12: unevaluatedProperties and recursion by anchor', async () => {
      const unevaluated = { allOf: [{ properties: { a: true } }], unevaluatedProperties: false };
      expect((await refusal({ $schema: uri['2019-09'], ...unevaluated }, { a: 1, b: 2 })).details[0]?.message).toBe(
        'must NOT have unevaluated properties: "b"',
      );
      const tree = {
        $id: 'https://example.com/tree',
        $dynamicAnchor: 'node',
        type: 'object',
        properties: { data: true, children: { type: 'array', items: { $dynamicRef: '#node' } } },
      };
      const strict = {
        $id: 'https://example.com/strict-tree',
        $dynamicAnchor: 'node',
        $ref: 'tree',
        unevaluatedProperties: false,
        $defs: { tree },
      };
      await expect(check(strict, { children: [{ data: 1 }] })).resolves.toBeDefined();
      expect((await refusal(strict, { children: [{ daat: 1 }] })).details.some(({ pointer }) => pointer === '/children/0')).toBe(true);
    });

    it('others are refused with the choices', async () => {
      const error = await refusal({ $schema: 'http://json-schema.org/draft-04/schema#' }, 1);
      expect(error).toMatchObject({ code: 'SCHEMA_DRAFT_UNKNOWN' });
      expect(error.message).toContain('https://json-schema.org/draft/2019-09/schema');
    });

    it('a schema may refer to the schema of its draft', async () => {
      expect((await refusal({ $ref: uri['2020-12'] }, { type: 'integr' })).code).toBe('SCHEMA_VALIDATION_FAILED');
      await expect(check({ $ref: uri['2020-12'] }, { type: 'integer' })).resolves.toBeDefined();
    });
  });

  it.each([
    ['date-time', '2026-02-29T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['email', 'a.b', 'a@b.example'],
    ['uri', 'no uri', 'https://example.com/a?b#c'],
    ['ipv6', '::g', '::1'],
    ['uuid', 'x', '123e4567-e89b-12d3-a456-426614174000'],
    ['regex', '(', '(?=lookahead is a regex too)'],
    ['url', 'example', 'https://example.com/'],
    ['json-pointer', 'a', '/a'],
  ])('checks the format %s', async (format, bad, good) => {
    await expect(check({ format }, good)).resolves.toBeDefined();
    expect((await refusal({ format }, bad)).details[0]?.keyword).toBe('format');
  });

  it('takes unknown keywords and formats for annotations', async () => {
    await expect(check({ type: 'string', format: 'colour', 'x-vendor': { any: 'thing' }, nullable: true }, 'red')).resolves.toBeDefined();
  });

  describe('a schema that cannot be used', () => {
    it.each([
      ['a wrong type', { properties: { age: { type: 'integr' } } }, /#\/properties\/age\/type must be equal to one of the allowed values/],
      ['a wrong keyword value', { items: { minLength: -1 } }, /#\/items\/minLength must be >= 0/],
      [
        'a malformed pattern',
        { properties: { a: { pattern: '(' } } },
        /the pattern "\(" at #\/properties\/a\/pattern, which cannot be used: .*Unterminated group/,
      ],
      [
        'a lookahead',
        { properties: { a: { pattern: '^(?=.*x)' } } },
        /pattern.*the lookahead \(\?= is not supported: patterns are matched in linear time/,
      ],
      ['a back reference in patternProperties', { patternProperties: { '(a)\\1': {} } }, /at #\/patternProperties, which.*back reference/],
    ])('%s', async (_, schema, message) => {
      const error = await refusal(schema, {});
      expect(error.code).toBe('SCHEMA_INVALID');
      expect(error.message).toMatch(message);
    });

    it('a reference that it does not answer itself; nothing is fetched', async () => {
      for (const $ref of ['https://example.com/other.json', 'other.json#/a', '#/$defs/missing', 'http://localhost:1/x']) {
        const error = await refusal({ properties: { a: { $ref } } }, { a: 1 });
        expect(error.code).toBe('SCHEMA_REF_UNRESOLVED');
        expect(error.message).toContain('nothing is fetched from the network');
      }
    });

    it('what is no schema at all', async () => {
      for (const schema of [null, 1, 'string', [], undefined])
        expect((await refusal(schema, 1)).message).toMatch(/^schema must be a JSON Schema/);
      const cyclic: Record<string, unknown> = { type: 'object' };
      cyclic.properties = { a: cyclic };
      expect((await refusal(cyclic, {})).code).toBe('SCHEMA_INVALID');
      expect((await refusal({ $async: true, type: 'integer' }, 'x')).message).toContain('$async');
    });

    it('two schemas do not see each other', async () => {
      await expect(
        check({ $defs: { a: { $id: 'https://example.com/a', type: 'string' } }, $ref: 'https://example.com/a' }, 'x'),
      ).resolves.toBeDefined();
      expect((await refusal({ $ref: 'https://example.com/a' }, 'x')).code).toBe('SCHEMA_REF_UNRESOLVED');
      await expect(
        check({ $defs: { a: { $id: 'https://example.com/a', type: 'integer' } }, $ref: 'https://example.com/a' }, 1),
      ).resolves.toBeDefined();
    });
  });

  describe('hostile schemas and data', () => {
    it('a pattern that would backtrack for ever', async () => {
      const started = performance.now();
      await refusal({ pattern: '^(([a-z])+.)+[A-Z]([a-z])+$', format: 'url' }, 'a'.repeat(100_000));
      expect(performance.now() - started).toBeLessThan(2_000);
    });

    it('uniqueItems over many objects', async () => {
      const started = performance.now();
      const items = Array.from({ length: 100_000 }, (_, id) => ({ id, tags: ['a'] }));
      await expect(check({ uniqueItems: true }, items)).resolves.toBeDefined();
      const error = await refusal({ uniqueItems: true }, [...items, { tags: ['a'], id: 7 }]);
      expect(error.details[0]?.message).toBe('must NOT have duplicate items (items ## 7 and 100000 are identical)');
      expect(performance.now() - started).toBeLessThan(3_000);
      await expect(
        check({ uniqueItems: true }, [1, '1', true, 'true', null, 'null', [1], ['1'], { a: 1 }, { a: '1' }, '\ud800']),
      ).resolves.toBeDefined();
      await expect(check({ uniqueItems: false }, [1, 1])).resolves.toBeDefined();
      expect(
        (
          await refusal(
            { properties: { a: { uniqueItems: true } } },
            {
              a: [
                { x: 1, y: 2 },
                { y: 2, x: 1 },
              ],
            },
          )
        ).details[0]?.pointer,
      ).toBe('/a');
    });

    it('names that every object inherits', async () => {
      const json = (text: string) => JSON.parse(text) as unknown;
      expect((await refusal({ required: ['toString'] }, {})).code).toBe('SCHEMA_VALIDATION_FAILED');
      await expect(check({ properties: { constructor: { type: 'string' } } }, {})).resolves.toBeDefined();
      expect((await refusal({ additionalProperties: false }, json('{"__proto__":1}'))).details[0]?.message).toContain('"__proto__"');
      expect((await refusal({ required: ['__proto__'] }, {})).code).toBe('SCHEMA_VALIDATION_FAILED');
      await expect(check({ required: ['__proto__'] }, json('{"__proto__":{"polluted":1}}'))).resolves.toBeDefined();
      expect((await refusal(json('{"properties":{"__proto__":{"type":"string"}}}'), {})).message).toContain('"__proto__"');
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
    });

    it('data that is nested too deeply, or contains itself', async () => {
      const list = { $id: 'https://example.com/list', type: 'object', properties: { next: { $ref: '#' } } };
      const nested = () => {
        let value: unknown = {};
        for (let i = 0; i < 100_000; i++) value = { next: value };
        return value;
      };
      const deep = nested();
      expect((await refusal(list, deep)).code).toBe('SCHEMA_DATA_TOO_DEEP');
      const cyclic: Record<string, unknown> = {};
      cyclic.next = cyclic;
      expect((await refusal(list, cyclic)).message).toMatch(/^Schema validation failed: the data is nested too deeply, or contains itself/);
      expect((await refusal({ type: 'string' }, cyclic)).details[0]?.found).toMatch(/^\{"next":\{"next":.*…$/);
      expect((await refusal({ uniqueItems: true }, [deep, nested()])).code).toBe('SCHEMA_DATA_TOO_DEEP');
    });

    it('a schema nested too deeply', async () => {
      let deep: Record<string, unknown> = {};
      for (let i = 0; i < 20_000; i++) deep = { not: deep };
      expect((await refusal(deep, 1)).code).toBe('SCHEMA_INVALID');
    });
  });

  it('finds a compiled schema again, and sees when it has changed in between', async () => {
    const schema = { type: 'object', properties: { id: { type: 'integer' } } } as { type: string; properties: { id: { type: string } } };
    await expect(check(schema, { id: 1 })).resolves.toBeDefined();
    schema.properties.id.type = 'string';
    expect((await refusal(schema, { id: 1 })).details[0]?.message).toBe('must be string');
    await expect(check(schema, { id: 'x' })).resolves.toBeDefined();
    schema.properties.id.type = 'integer';
    await expect(check(schema, { id: 1 })).resolves.toBeDefined();
  });

  it('wants data', async () => {
    expect((await refusal({}, undefined)).message).toMatch(/^data is missing/);
  });

  describe('artifacts', () => {
    const put = (
      ctx: TestContext,
      text: string | Uint8Array,
      name: string,
      contentType = 'application/octet-stream',
    ): Promise<ArtifactRef> => ctx.artifacts.put(text, { name, contentType });
    const record = { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } };

    it('JSON is checked by its content', async () => {
      await using ctx = createTestContext();
      await expect(check(record, await put(ctx, '{"id":1}', 'one.json', 'application/json'), {}, ctx)).resolves.toEqual({
        payload: { valid: true },
      });
      expect((await refusal(record, await put(ctx, '{"id":"x"}', 'one.json'), {}, ctx)).details[0]).toMatchObject({
        pointer: '/id',
        found: '"x"',
      });
    });

    it.each([
      ['no JSON', '{"id":'],
      ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
      ['nothing', ''],
    ])('%s is said to be no JSON', async (_, content) => {
      await using ctx = createTestContext();
      const error = await refusal(record, await put(ctx, content, 'bad.json'), {}, ctx);
      expect(error.code).toBe('SCHEMA_DATA_NOT_JSON');
      expect(error.message).toContain('bad.json');
    });

    it('a JSON document that is too large is refused before it is read', async () => {
      await using ctx = createTestContext();
      const ref = await put(ctx, '{}', 'huge.json');
      const error = await refusal(record, { ...ref, size: 65 * 1024 * 1024 }, {}, ctx);
      expect(error.code).toBe('SCHEMA_DATA_TOO_LARGE');
      expect(error.message).toContain('write it as NDJSON');
    });

    it.each([
      ['a.ndjson', 'application/octet-stream'],
      ['a.jsonl', 'text/plain'],
      ['a', 'application/x-ndjson; charset=utf-8'],
    ])('NDJSON (%s, %s) is checked record by record', async (name, contentType) => {
      await using ctx = createTestContext();
      const good = await put(ctx, '\ufeff{"id":1}\r\n\n{"id":2}\n   \n{"id":3}', name, contentType);
      await expect(check(record, good, {}, ctx)).resolves.toEqual({ payload: { valid: true, records: 3 } });
      const bad = await put(ctx, '{"id":1}\n{"id":"two"}\nno json\n\n{}\n{"id":5}\n', name, contentType);
      const error = await refusal(record, bad, {}, ctx);
      expect(error.message).toMatch(
        new RegExp(
          `^Schema validation failed: 3 errors in 3 of 5 records of ${name}: record 2 /id must be integer \\(found "two"\\); record 3 is not JSON`,
        ),
      );
      expect(error.details.map(({ record: number, keyword, pointer }) => [number, keyword, pointer])).toEqual([
        [2, 'type', '/id'],
        [3, 'json', ''],
        [4, 'required', ''],
      ]);
    });

    it('with each: true every element of a list is a record, inline and in an artifact', async () => {
      await using ctx = createTestContext();
      const records = [{ id: 1, name: 'a' }, { id: 'two', name: 'b' }, { id: 3 }];
      const expected =
        /^Schema validation failed: 1 error in 1 of 3 records of \S+.*: record 2 \("b"\) \/id must be integer \(found "two"\)$/;
      const options = { each: true, recordId: '/name' };
      const array = await put(ctx, JSON.stringify(records, null, 2), 'raw.json', 'application/json');
      for (const data of [records, array]) {
        const error = await refusal(record, data, options, ctx);
        expect(error.message).toMatch(expected);
        expect(error.details).toMatchObject([{ record: 2, id: '"b"', pointer: '/id' }]);
      }
      const good = await put(ctx, '[{"id":1},{"id":2}]', 'raw.json', 'application/json');
      for (const data of [[{ id: 1 }, { id: 2 }], good]) {
        await expect(check(record, data, options, ctx)).resolves.toEqual({ payload: { valid: true, records: 2 } });
      }
      expect((await refusal(record, { id: 1 }, options, ctx)).message).toContain('must be a list of records');
      const cut = await put(ctx, '[{"id":1},{"id":', 'raw.json', 'application/json');
      expect((await refusal(record, cut, options, ctx)).message).toContain('record 2 the text ends before the array does');
    });

    it('reports a bounded number of records, and counts all', async () => {
      await using ctx = createTestContext();
      const ref = await put(ctx, '{"id":"x"}\n'.repeat(5_000), 'bad.ndjson');
      const error = await refusal(record, ref, { maxFailures: 10 }, ctx);
      expect(error.details).toHaveLength(10);
      expect(error.message).toContain('5000 errors in 5000 of 5000 records');
    });

    it('an artifact that is not in the store is the store’s error', async () => {
      await using ctx = createTestContext();
      const sha256 = 'a'.repeat(64);
      const ref = { uri: `artifact:sha256:${sha256}`, sha256, size: 1, contentType: 'application/json', name: 'gone' };
      expect((await refusal(record, ref, {}, ctx)).code).toBe('ARTIFACT_NOT_FOUND');
    });

    it('ends when it is aborted in the middle of a stream', async () => {
      await using ctx = createTestContext();
      const ref = await put(ctx, '{"id":1}\n'.repeat(200_000), 'long.ndjson');
      const running = check(record, ref, {}, ctx);
      setImmediate(() => ctx.abort(new Error('enough')));
      await expect(running).rejects.toThrow('enough');
    });
  });
});
