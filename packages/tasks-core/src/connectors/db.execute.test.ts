import { randomUUID } from 'node:crypto';
import { faultProxy } from '@summit/maestro-services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { execute, executeAt, query, runContext, type TestDatabase, testDatabase, until } from '../../test/support/database.ts';
import { dbExecute } from './db.execute.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.client.query(`DROP TABLE IF EXISTS orders CASCADE; CREATE SEQUENCE IF NOT EXISTS numbers;
    CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL DEFAULT 'new', total numeric(6,2) CHECK (total < 1000), UNIQUE (status, total))`);
});

const context = (options?: Parameters<typeof runContext>[1]) => runContext(db.url, options);
const orders = () => db.rows('SELECT id, status, total FROM orders ORDER BY id');

describe('values', () => {
  it('that the server cannot read are told by their column, without the value', async () => {
    await using ctx = context();
    await db.client.query('CREATE TABLE IF NOT EXISTS typed (id int, flag boolean, doc jsonb, note text, "we""ird" date)');
    const rows = (values: object) => ({ table: 'typed', rows: [{ id: 1 }, { id: 2, ...values }], columns: ['id', ...Object.keys(values)] });
    for (const [column, value] of [
      ['flag', 'perhaps'],
      ['doc', { text: 'a $1 \0' }],
      ['note', 'a\0b'],
      ['we"ird', 'someday'],
    ] as const) {
      const failing = execute(ctx, rows({ [column]: value }));
      await expect(failing).rejects.toMatchObject({
        code: 'DB_VALUE_INVALID',
        message: expect.stringContaining(`row 2 into ${db.schema}.typed, column ${JSON.stringify(column)}: `),
        details: { row: 2, column },
      });
      await expect(failing).rejects.not.toThrow(/perhaps|someday/);
    }
  });

  it('of json arrays are elements, whatever they are, as db.query gives them', async () => {
    await using ctx = context();
    await db.client.query('CREATE TABLE IF NOT EXISTS documents (id int PRIMARY KEY, docs jsonb[])');
    const docs = [{ a: 1 }, [2, 3], 'text', 4, null, true];
    await execute(ctx, { table: 'documents', rows: [{ id: 1, docs }], conflict: { target: ['id'] } });
    await execute(ctx, { sql: 'INSERT INTO documents VALUES (2, $1)', params: [docs] });
    expect((await query(ctx, { sql: 'SELECT docs FROM documents ORDER BY id' })).rows).toEqual([{ docs }, { docs }]);
  });

  it('of row types and arrays of bytea come back as they were', async () => {
    await using ctx = context();
    await db.client.query(`DROP TABLE IF EXISTS odd; DROP TYPE IF EXISTS couple; CREATE TYPE couple AS (n int, t text);
      CREATE TABLE odd (id int PRIMARY KEY, p couple, ps couple[], bytes bytea[], "constructor" text, "__proto__" text, "Ünï x" text, span int4range, bits bit(3))`);
    const row = JSON.parse('{ "id": 1, "constructor": "a", "__proto__": "b" }') as Record<string, unknown>;
    Object.assign(row, { p: '(1,"a b")', ps: ['(2,x)', null], bytes: ['AAE=', null, ''], 'Ünï x': 'c', span: '[1,5)', bits: '101' });
    await execute(ctx, { table: 'odd', rows: [row], conflict: { target: ['id'] } });
    expect(await db.rows('SELECT bytes[1] AS first FROM odd')).toEqual([{ first: Buffer.from([0, 1]) }]);
    const [found] = (await query(ctx, { sql: 'SELECT * FROM odd' })).rows as Record<string, unknown>[];
    expect(Object.entries(found as object).sort()).toEqual(Object.entries(row).sort());
    const wrong = (values: object) =>
      expect(execute(ctx, { table: 'odd', rows: [{ id: 2, ...values }], conflict: { target: ['id'] } })).rejects;
    await wrong({ bytes: ['hunter2!'] }).toMatchObject({ code: 'DB_ROW_INVALID', details: { row: 1, column: 'bytes' } });
    await wrong({ p: '(hunter2' }).toMatchObject({ code: 'DB_VALUE_INVALID', details: { row: 1, column: 'p' } });
  });

  it('beyond 2^53 are taken as texts, and refused as numbers, which have lost digits', async () => {
    await using ctx = context();
    await db.client.query('CREATE TABLE IF NOT EXISTS wide (id bigint PRIMARY KEY, ids bigint[], exact numeric, measure float8)');
    const unsafe = Number('9007199254740993');
    for (const row of [{ id: unsafe }, { id: 1, ids: [1, unsafe] }, { id: 1, exact: -unsafe }]) {
      await expect(execute(ctx, { table: 'wide', rows: [row] })).rejects.toMatchObject({
        code: 'DB_ROW_INVALID',
        message: expect.stringMatching(/row 1: ".*" is the number -?9007199254740992, beyond 2\^53.*give it as a text/),
      });
    }
    await expect(execute(ctx, { sql: 'SELECT $1::bigint', params: [unsafe] })).rejects.toMatchObject({ code: 'DB_PARAMETERS' });
    const lines = '{"id":9007199254740993,"ids":[9223372036854775807],"exact":12345678901234567890,"measure":1e300}\n';
    await execute(ctx, { table: 'wide', artifact: await ctx.artifacts.put(lines, { name: 'wide.ndjson' }) });
    expect(await db.rows('SELECT id::text, ids::text, exact::text, measure::text FROM wide')).toEqual([
      { id: '9007199254740993', ids: '{9223372036854775807}', exact: '12345678901234567890', measure: '1e+300' },
    ]);
  });
});

describe('a statement', () => {
  it('tells how many rows it changed, and what it returns', async () => {
    await using ctx = context({ task: dbExecute });
    expect(await execute(ctx, { sql: 'INSERT INTO orders VALUES ($1, $2), (2, $2)', params: [1, 'open'] })).toEqual({ rowCount: 2 });
    expect(await execute(ctx, { sql: 'UPDATE orders SET total = id RETURNING id, total' })).toEqual({
      rowCount: 2,
      rows: [
        { id: 1, total: '1.00' },
        { id: 2, total: '2.00' },
      ],
      columns: [
        { name: 'id', type: 'integer' },
        { name: 'total', type: 'numeric' },
      ],
    });
    expect(await execute(ctx, { sql: 'CREATE TABLE made (a int)' })).toEqual({ rowCount: 0 });
  });

  it.each([
    ['UPDATE ordrs SET id = 1', 'DB_TABLE_UNKNOWN', /did you mean "orders"\?/],
    ["INSERT INTO orders VALUES (1, 'a'), (1, 'b')", 'DB_CONSTRAINT', /"orders_pkey"/],
    ['INSERT INTO orders VALUES (1, NULL)', 'DB_CONSTRAINT', /"status"/],
    ['INSERT INTO orders (id, total) VALUES (1, 12345.67)', 'DB_VALUE_INVALID', /numeric field overflow/],
    ['INSERT INTO orders (id, total) VALUES (1, 1000)', 'DB_CONSTRAINT', /"orders_total_check"/],
    ['VACUUM orders', 'DB_STATEMENT_REFUSED', /VACUUM/],
    ['COMMIT', 'DB_STATEMENT_REFUSED', /COMMIT/],
    ['DELETE FROM orders; DROP TABLE orders', 'DB_MULTIPLE_STATEMENTS', /one statement/],
    ["SELECT repeat('x', 300000)", 'DB_TOO_LARGE', /RETURNING/],
    ["DO $$ BEGIN RAISE EXCEPTION 'stop here'; END $$", 'DB_RAISED', /stop here/],
  ])('%s', async (sql, code, message) => {
    await using ctx = context();
    await expect(execute(ctx, { sql })).rejects.toMatchObject({ code, retryable: false, message: expect.stringMatching(message) });
  });

  it('leaves nothing of itself on its connection', async () => {
    await using ctx = context();
    const own = { poolSize: 1, idempotent: true };
    for (const sql of [
      'SET search_path = nowhere',
      'SET statement_timeout = 1',
      'LISTEN news',
      'CREATE TEMP TABLE mine (a int)',
      'SELECT pg_advisory_lock(4711)',
    ]) {
      await execute(ctx, { ...own, sql });
    }
    const sql = `SELECT current_setting('search_path') AS path, current_setting('statement_timeout') <> '1ms' AS slow, to_regclass('mine') AS mine,
      (SELECT count(*)::int FROM pg_listening_channels()) AS channels, (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711) AS locks`;
    const { rows } = await query(ctx, { sql, poolSize: 1 });
    expect(rows).toEqual([{ path: `${db.schema}, public`, slow: true, mine: null, channels: 0, locks: 0 }]);
    await expect(execute(ctx, { ...own, sql: 'DO $$ BEGIN COMMIT; END $$' })).rejects.toMatchObject({ retryable: false });
  });

  it('that fails names the parameter that cannot be read, and the columns of a constraint', async () => {
    await using ctx = context();
    const failing = (sql: string, params: unknown[]) => expect(execute(ctx, { sql, params })).rejects;
    await failing('INSERT INTO orders (id, total) VALUES ($1, $2)', [1, 'hunter2']).toMatchObject({
      code: 'DB_VALUE_INVALID',
      message: expect.stringMatching(/numeric: \[value\] \(parameter \$2\)$/),
      details: { parameter: 2 },
    });
    await execute(ctx, { sql: 'INSERT INTO orders (id, total) VALUES (1, 5), (2, 6)' });
    await failing('UPDATE orders SET total = $1 WHERE id = 1', [6]).toMatchObject({
      code: 'DB_CONSTRAINT',
      message: expect.stringMatching(/the constraint is on the columns "status", "total" of .*orders$/),
      details: { constraint: 'orders_status_total_key', columns: ['status', 'total'] },
    });
  });

  it('that touches other rows than expected changes nothing', async () => {
    await using ctx = context();
    await execute(ctx, { sql: "INSERT INTO orders (id, status) SELECT g, 'open' || g FROM generate_series(1, 5) g" });
    const sql = "UPDATE orders SET status = status || '!' WHERE id <= $1";
    await expect(execute(ctx, { sql, params: [3], expectRows: 1 })).rejects.toMatchObject({
      code: 'DB_ROWS_UNEXPECTED',
      details: { found: 3 },
    });
    expect((await orders()).filter(({ status }) => String(status).includes('!'))).toEqual([]);
    expect(await execute(ctx, { sql, params: [1], expectRows: 1 })).toMatchObject({ rowCount: 1 });
  });

  it.each([
    [{}, /either sql or table/],
    [{ sql: 'SELECT 1', table: 'orders', rows: [] }, /not both/],
    [{ sql: 'SELECT 1', rows: [] }, /rows goes with table/],
    [{ table: 'orders' }, /either rows or artifact/],
    [{ table: 'orders', rows: [], params: [1] }, /params goes with sql/],
  ])('%j is no input', async (payload, message) => {
    await using ctx = context();
    await expect(execute(ctx, payload)).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(message) });
    expect(() => dbExecute.validate?.({ payload })).toThrow(message);
  });
});

describe('rows', () => {
  const target = { target: ['id'] };

  it('are inserted, and update those with the same key', async () => {
    await using ctx = context();
    const rows = [
      { id: 1, status: 'a', total: '1.50' },
      { id: 2, status: 'b', total: 2 },
    ];
    expect(await execute(ctx, { table: 'orders', rows, conflict: target })).toEqual({ rowCount: 2, inserted: 2, updated: 0 });
    const more = [
      { id: 2, total: 20 },
      { id: 3, total: null },
    ];
    expect(await execute(ctx, { table: `${db.schema}.orders`, rows: more, conflict: target })).toEqual({
      rowCount: 2,
      inserted: 1,
      updated: 1,
    });
    expect(await orders()).toEqual([
      { id: 1, status: 'a', total: '1.50' },
      { id: 2, status: 'b', total: '20.00' },
      { id: 3, status: 'new', total: null },
    ]);
    expect(
      await execute(ctx, {
        table: 'orders',
        rows: [
          { id: 3, status: 'x' },
          { id: 4, status: 'y' },
        ],
        conflict: { ...target, update: 'none' },
      }),
    ).toEqual({
      rowCount: 1,
      inserted: 1,
      updated: 0,
    });
    const some = { ...target, update: ['status'] };
    await execute(ctx, { table: 'orders', rows: [{ id: 1, status: 'z', total: 9 }], conflict: some });
    expect((await orders())[0]).toEqual({ id: 1, status: 'z', total: '1.50' });
    expect(await execute(ctx, { table: 'orders', rows: [], conflict: target })).toEqual({ rowCount: 0, inserted: 0, updated: 0 });
  });

  it('may hold every type, as db.query gives it', async () => {
    await db.client.query(`DROP TABLE IF EXISTS everything; CREATE TABLE everything (id bigint PRIMARY KEY, at timestamptz, day date, span interval, raw bytea,
      doc jsonb, tags text[], grid int[], ratio float8, ok boolean, code char(3), short varchar(5), "we""ird, name" uuid)`);
    const row = {
      id: '9007199254740993',
      at: '2026-01-31T10:00:00.123456Z',
      day: '2026-01-31',
      span: 'P1DT2H',
      raw: 'AP8=',
      doc: { a: [1, null, 'x"\\'] },
      tags: ['a "b"', '{c}', 'NULL', null, ''],
      grid: [
        [1, 2],
        [3, 4],
      ],
      ratio: 'NaN',
      ok: false,
      code: 'abc',
      short: 'x\\"',
      'we"ird, name': '0c8ce4a6-bfd7-4d31-8a4b-000000000001',
    };
    await using ctx = context();
    const nothing = Object.fromEntries(Object.keys(row).map((name) => [name, name === 'id' ? 2 : null]));
    await execute(ctx, { table: 'everything', rows: [row, nothing, { ...nothing, id: 3, doc: 'text', tags: [] }], conflict: target });
    expect((await query(ctx, { sql: 'SELECT * FROM everything ORDER BY id DESC' })).rows).toEqual([
      row,
      { ...nothing, id: 3, doc: 'text', tags: [] },
      nothing,
    ]);
    const long = execute(ctx, { table: 'everything', rows: [{ id: 4, short: 'too long' }] });
    await expect(long).rejects.toMatchObject({ code: 'DB_VALUE_INVALID', message: expect.stringMatching(/row 1 into .*everything/) });
  });

  it('come from an artifact of any length, batch by batch', async () => {
    await using ctx = context();
    const lines = Array.from({ length: 2_500 }, (_, id) => JSON.stringify({ id, status: `s${id}` })).join('\n');
    const artifact = await ctx.artifacts.put(lines, { name: 'rows.ndjson', contentType: 'application/x-ndjson' });
    expect(await execute(ctx, { table: 'orders', artifact, conflict: target, batchSize: 400 })).toEqual({
      rowCount: 2_500,
      inserted: 2_500,
      updated: 0,
    });
    expect(await execute(ctx, { table: 'orders', artifact, conflict: target })).toEqual({ rowCount: 2_500, inserted: 0, updated: 2_500 });
    const bad = await ctx.artifacts.put(`${lines}\n{"id":`, { name: 'rows.ndjson', contentType: 'application/x-ndjson' });
    await db.client.query('TRUNCATE orders');
    const refused = execute(ctx, { table: 'orders', artifact: bad, conflict: target, batchSize: 400 });
    await expect(refused).rejects.toMatchObject({ code: 'DB_ROW_INVALID', details: { row: 2_501 } });
    expect(await orders()).toEqual([]);
  });

  it('with the same key: the last one wins, wherever a batch ends; or an error that names them', async () => {
    await using ctx = context();
    const rows = [1, 2, 1, 3, 1].map((id, index) => ({ id, status: `s${index}` }));
    for (const batchSize of [1, 2, 3, 10]) {
      await db.client.query('TRUNCATE orders');
      const input = { table: 'orders', rows, conflict: target, batchSize };
      expect(await execute(ctx, input)).toEqual({ rowCount: 5, inserted: 3, updated: 2 });
      expect((await orders()).map(({ status }) => status)).toEqual(['s4', 's1', 's3']);
      await expect(execute(ctx, { ...input, duplicates: 'error' })).rejects.toMatchObject({
        code: 'DB_ROWS_DUPLICATE',
        details: { rows: [1, 3] },
      });
    }
    const alike = [
      { status: 'x', total: 1 },
      { status: 'x', total: '1.00' },
    ].map((row, id) => ({ id, ...row }));
    const call = execute(ctx, { table: 'orders', rows: alike, conflict: { target: ['status', 'total'] } });
    await expect(call).rejects.toMatchObject({ code: 'DB_ROWS_DUPLICATE', message: expect.stringContaining('rows 1 to 2') });
  });

  it.each([
    ['ordrs', [{ id: 1 }], 'DB_TABLE_UNKNOWN', /did you mean "orders"/],
    ['orders"; DROP TABLE orders; --', [{ id: 1 }], 'INVALID_INPUT', /table must be a name/],
    ['orders; DROP TABLE orders', [{ id: 1 }], 'DB_TABLE_UNKNOWN', /does not exist/],
    ['a.b.c', [{ id: 1 }], 'INVALID_INPUT', /table must be a name/],
    ['numbers', [{ last_value: 1 }], 'DB_TABLE_UNKNOWN', /nothing that rows can be written to/],
    ['orders', [{ id: 1, staus: 'x' }], 'DB_COLUMN_UNKNOWN', /no column "staus"; did you mean "status"\?/],
    ['orders', [{ id: 1, 'id") VALUES (1); --': 'x' }], 'DB_COLUMN_UNKNOWN', /its columns are id, status, total/],
    ['orders', [{ id: 1 }, { id: 2, status: 'x' }], 'DB_ROW_INVALID', /row 2 has the column "status", which the first row does not have/],
    ['orders', [{ id: 1, status: 'x' }, { id: 2 }], 'DB_ROW_INVALID', /row 2 lacks "status"/],
    ['orders', [{}], 'DB_ROW_INVALID', /row 1 has no columns/],
    ['orders', [{ id: 1 }, { id: 'a-value-nobody-may-see' }], 'DB_VALUE_INVALID', /row 2 into .*integer: \[value\]/],
    ['orders', [{ id: 1, status: 'x', total: 5_000 }], 'DB_CONSTRAINT', /"orders_total_check"/],
  ])('into %s: %j', async (table, rows, code, message) => {
    await using ctx = context();
    const error = await execute(ctx, { table, rows }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, retryable: false, message: expect.stringMatching(message) });
    expect(String((error as Error).cause)).not.toContain('nobody');
    expect(
      (await db.rows('SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = $1 AND state LIKE $2', [db.schema, 'idle in%'])).at(
        0,
      ),
    ).toEqual({ n: 0 });
    expect(await orders()).toEqual([]);
  });

  it('are named one by one where one of many is wrong', async () => {
    await using ctx = context();
    await db.client.query("INSERT INTO orders (id, status) VALUES (777, 'there')");
    const rows = (id: number, row: Record<string, unknown>): Record<string, unknown>[] =>
      Array.from({ length: 900 }, (_, index) => (index === id ? row : { id: index, status: `s${index}`, total: 1 }));
    const wrong = (row: Record<string, unknown>) => execute(ctx, { table: 'orders', rows: rows(641, row), conflict: target });
    const found = (code: string) => expect.objectContaining({ code, details: expect.objectContaining({ row: 642 }) });
    await expect(wrong({ id: 641, status: 'x', total: 'many' })).rejects.toEqual(found('DB_VALUE_INVALID'));
    await expect(wrong({ id: 641, status: 'x', total: 5_000 })).rejects.toEqual(found('DB_CONSTRAINT'));
    await expect(wrong({ id: 641, status: null, total: 1 })).rejects.toEqual(found('DB_CONSTRAINT'));
    const twice = execute(ctx, { table: 'orders', rows: rows(0, { id: 1_000, status: 'x', total: null }) });
    await expect(twice).rejects.toMatchObject({ code: 'DB_CONSTRAINT', details: { row: 778 } });
    const together = execute(ctx, { table: 'orders', rows: [5, 6, 5].map((id) => ({ id, status: `${Math.random()}` })) });
    await expect(together).rejects.toMatchObject({ code: 'DB_CONSTRAINT', message: expect.stringContaining('rows 1 to 3') });
  });

  it('that cannot be stored are told by row and column, whenever the server notices', async () => {
    await using ctx = context();
    await db.client.query(`DROP TABLE IF EXISTS strict, customers CASCADE; DROP DOMAIN IF EXISTS percent; CREATE DOMAIN percent AS int CHECK (VALUE <= 100);
      CREATE TABLE customers (country text, number int, PRIMARY KEY (country, number)); INSERT INTO customers VALUES ('at', 1);
      CREATE TABLE strict (id int PRIMARY KEY, raw bytea, tags int[], short varchar(5), fixed char(3), bits bit(3), price numeric(4,2), day date, at timestamptz, share percent,
        flat int CHECK (flat > 0), country text, customer int, born int NOT NULL DEFAULT 1, key text, tall int, wide int, during int4range, note text,
        FOREIGN KEY (country, customer) REFERENCES customers, CHECK (tall > wide), EXCLUDE USING gist (during WITH &&));
      CREATE UNIQUE INDEX strict_key ON strict (lower(key)); CREATE UNIQUE INDEX strict_price ON strict (price);
      INSERT INTO strict (id, key, price, during) VALUES (0, 'there', 7, '[1,5)')`);
    const plain = {
      raw: 'AA==',
      tags: [1],
      short: 'x',
      fixed: 'abc',
      bits: '101',
      price: null,
      day: '2026-01-31',
      at: '2026-01-31T10:00:00Z',
      share: 5,
      flat: 1,
    };
    const rest = { country: 'at', customer: 1, born: 2, key: null, tall: 2, wide: 1, during: null, note: 'a' };
    const wrong = async (row: Record<string, unknown>) => {
      const rows = Array.from({ length: 40 }, (_, index) => ({ id: index + 1, ...plain, ...rest, ...(index === 28 ? row : {}) }));
      return (await execute(ctx, { table: 'strict', rows }).catch((thrown: unknown) => thrown)) as Error & {
        code: string;
        details: object;
      };
    };
    const cases: [row: Record<string, unknown>, column: string | string[] | undefined, code?: string][] = [
      [{ raw: 'hunter2!' }, 'raw'],
      [{ tags: ['hunter2'] }, 'tags'],
      [{ tags: [[1], [2, 3]] }, 'tags'],
      [{ short: 'hunter2' }, 'short'],
      [{ fixed: 'hunter2' }, 'fixed'],
      [{ bits: '1111' }, 'bits'],
      [{ price: 123.45 }, 'price'],
      [{ day: '2026-02-31' }, 'day'],
      [{ at: 'hunter2' }, 'at'],
      [{ id: 2 ** 31 }, 'id'],
      [{ share: 101 }, 'share', 'DB_CONSTRAINT'],
      [{ flat: 0 }, 'flat', 'DB_CONSTRAINT'],
      [{ country: 'hunter2' }, ['country', 'customer'], 'DB_CONSTRAINT'],
      [{ born: null }, 'born', 'DB_CONSTRAINT'],
      [{ tall: 1 }, ['tall', 'wide'], 'DB_CONSTRAINT'],
      [{ price: 7 }, 'price', 'DB_CONSTRAINT'],
      [{ during: '[2,3)' }, 'during', 'DB_CONSTRAINT'],
      [{ id: 0 }, 'id', 'DB_CONSTRAINT'],
      // An index on an expression is of no column.
      [{ key: 'THERE' }, undefined, 'DB_CONSTRAINT'],
    ];
    for (const [row, column, code = 'DB_VALUE_INVALID'] of cases) {
      const error = await wrong(row);
      const place = column === undefined ? {} : Array.isArray(column) ? { columns: column } : { column };
      expect(error, JSON.stringify(row)).toMatchObject({ code, retryable: false, details: { row: 29, ...place } });
      const named = Array.isArray(column)
        ? column.map((name) => `"${name}"`).join(', ')
        : column === undefined
          ? 'strict_key'
          : `"${column}"`;
      expect(error.message).toContain(`row 29 into ${db.schema}.strict`);
      expect(error.message).toContain(named);
      expect(`${error.message} ${JSON.stringify(error.details)}`).not.toContain('hunter2');
    }
    expect((await wrong({ customer: 2 })).message).toMatch(
      /"country", "customer" of .*strict, which must be in .*customers \(country, number\)$/,
    );
    expect(await db.rows('SELECT id FROM strict')).toEqual([{ id: 0 }]);
  });

  it('that two wrong ones are among are told by the one the server complained of', async () => {
    await using ctx = context();
    await db.client.query('DROP TABLE IF EXISTS pair; CREATE TABLE pair (id int PRIMARY KEY, a int, b int, parent int REFERENCES pair)');
    const rows = Array.from({ length: 20 }, (_, index) => ({ id: index + 1, a: '1', b: '1', parent: null as number | null }));
    Object.assign(rows[3] as object, { b: 'b-is-wrong' });
    Object.assign(rows[17] as object, { a: 'a-is-wrong' });
    await expect(execute(ctx, { table: 'pair', rows })).rejects.toMatchObject({ details: { row: 18, column: 'a' } });
    // The parents of the second batch are in the first, which has been rolled back when a culprit is looked for.
    const tree = Array.from({ length: 20 }, (_, index) => ({ id: index + 1, parent: index < 10 ? null : index === 16 ? 99 : index - 9 }));
    await expect(execute(ctx, { table: 'pair', rows: tree.slice(0, 16), batchSize: 10 })).resolves.toMatchObject({ rowCount: 16 });
    await db.client.query('TRUNCATE pair');
    const orphan = execute(ctx, { table: 'pair', rows: tree, batchSize: 10 });
    await expect(orphan).rejects.toMatchObject({
      code: 'DB_CONSTRAINT',
      details: { column: 'parent' },
      message: expect.stringMatching(/rows? (?:17|11 to 20) into/),
    });
  });

  it('that a trigger or a view refuses are named, and what is checked at the commit names its columns', async () => {
    await using ctx = context();
    await db.client.query(`DROP TABLE IF EXISTS guarded CASCADE; CREATE TABLE guarded (id int, size int, UNIQUE (size) DEFERRABLE INITIALLY DEFERRED);
      CREATE OR REPLACE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.size = 13 THEN RAISE EXCEPTION 'not %', NEW.id; END IF; RETURN NEW; END $$;
      CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION guard();
      CREATE VIEW small AS SELECT id, size FROM guarded WHERE size < 100 WITH CHECK OPTION`);
    const write = (table: string, size: number) =>
      execute(ctx, { table, rows: Array.from({ length: 9 }, (_, id) => ({ id, size: id === 5 ? size : id })) });
    await expect(write('guarded', 13)).rejects.toMatchObject({
      code: 'DB_RAISED',
      details: { row: 6 },
      message: expect.stringMatching(/row 6 into/),
    });
    await expect(write('small', 500)).rejects.toMatchObject({
      code: 'DB_CONSTRAINT',
      details: { row: 6 },
      message: expect.stringMatching(/check option/),
    });
    await expect(write('guarded', 3)).rejects.toMatchObject({
      code: 'DB_CONSTRAINT',
      details: { column: 'size' },
      message: expect.stringMatching(/on the column "size"/),
    });
    expect(await db.rows('SELECT * FROM guarded')).toEqual([]);
  });

  it('have the columns that are listed; what one lacks is null', async () => {
    await using ctx = context();
    await execute(ctx, {
      table: 'orders',
      rows: [
        { id: 1, status: 'x' },
        { id: 2, status: 'y', total: 1 },
      ],
      columns: ['id', 'status', 'total'],
    });
    expect(await orders()).toEqual([
      { id: 1, status: 'x', total: null },
      { id: 2, status: 'y', total: '1.00' },
    ]);
  });

  it('want a conflict target that is a key', async () => {
    await using ctx = context();
    const rows = [{ id: 1, status: 'x' }];
    await expect(execute(ctx, { table: 'orders', rows, conflict: { target: ['status'] } })).rejects.toMatchObject({
      code: 'DB_CONFLICT_TARGET',
    });
    await expect(execute(ctx, { table: 'orders', rows, conflict: { target: ['idd'] } })).rejects.toThrow('did you mean "id"?');
    await expect(execute(ctx, { table: 'orders', rows, conflict: { target: ['total'] } })).rejects.toThrow('which the rows do not have');
  });

  it('go into partitioned tables and views too, where the server does not tell new from old', async () => {
    await db.client.query(`DROP TABLE IF EXISTS parts CASCADE; CREATE TABLE parts (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
      CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100); CREATE OR REPLACE VIEW seen AS SELECT id, v FROM parts_1`);
    await using ctx = context();
    for (const table of ['parts', 'seen']) {
      expect(
        await execute(ctx, {
          table,
          rows: [
            { id: 1, v: 1 },
            { id: 2, v: 2 },
          ],
          conflict: target,
        }),
      ).toEqual({ rowCount: 2 });
    }
  });
});

describe('a retry', () => {
  const insert = { sql: 'INSERT INTO orders (id) VALUES ((SELECT coalesce(max(id), 0) + 1 FROM orders)) RETURNING id' };

  it('finds the result of the attempt before, and another step its own', async () => {
    await using ctx = context();
    const key = randomUUID();
    const first = await executeAt(ctx, key, insert);
    expect(await executeAt(ctx, key, insert)).toEqual({ ...first, remembered: true });
    expect(await executeAt(ctx, randomUUID(), insert)).toMatchObject({ rows: [{ id: 2 }] });
    await expect(executeAt(ctx, key, { sql: 'DELETE FROM orders' })).rejects.toMatchObject({ code: 'DB_IDEMPOTENCY_MISMATCH' });
    expect(await orders()).toHaveLength(2);
  });

  it('of an attempt that failed does the work', async () => {
    await using ctx = context();
    const key = randomUUID();
    await expect(executeAt(ctx, key, { ...insert, expectRows: 2 })).rejects.toMatchObject({ code: 'DB_ROWS_UNEXPECTED' });
    expect(await executeAt(ctx, key, insert)).toMatchObject({ rowCount: 1 });
  });

  it('waits for an attempt that is still under way', async () => {
    await using ctx = context();
    const key = randomUUID();
    const slow = {
      sql: 'WITH wait AS MATERIALIZED (SELECT pg_sleep(0.3)) INSERT INTO orders (id) SELECT (SELECT count(*) FROM orders) + 1 FROM wait',
    };
    const results = await Promise.all([executeAt(ctx, key, slow), executeAt(ctx, key, slow), executeAt(ctx, key, slow)]);
    expect(results.filter(({ remembered }) => remembered)).toHaveLength(2);
    expect(await orders()).toHaveLength(1);
  });

  it('needs no record where the caller says so, or where there is a conflict target', async () => {
    await using ctx = context();
    const none = { idempotencyTable: 'nowhere.records' };
    await execute(ctx, { sql: 'DELETE FROM orders', idempotent: true, ...none });
    await execute(ctx, { table: 'orders', rows: [{ id: 1 }], conflict: { target: ['id'] }, ...none });
    const refused = execute(ctx, { sql: 'DELETE FROM orders', ...none });
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('nowhere.records') });
  });

  it('makes the table once, however many ask at the same time', async () => {
    await using ctx = context();
    const idempotencyTable = `records_${randomUUID().slice(0, 8)}`;
    const inserts = Array.from({ length: 6 }, (_, id) =>
      execute(ctx, { sql: 'INSERT INTO orders (id) VALUES ($1)', params: [id], idempotencyTable }),
    );
    expect(await Promise.all(inserts)).toEqual(Array.from({ length: 6 }, () => ({ rowCount: 1 })));
    expect(await db.rows(`SELECT count(*)::int AS n FROM ${idempotencyTable}`)).toEqual([{ n: 6 }]);
  });

  it('says what is missing where the user may not make the table', async () => {
    await db.client.query(`GRANT USAGE ON SCHEMA ${db.schema} TO limited; GRANT ALL ON orders TO limited`);
    await using ctx = context();
    const input = { sql: `DELETE FROM ${db.schema}.orders`, connection: db.server.limited.url, idempotencyTable: `${db.schema}.forbidden` };
    const error = await execute(ctx, input).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'DB_PERMISSION', message: expect.stringMatching(/CREATE TABLE IF NOT EXISTS .*idempotent: true/) });
    expect(await execute(ctx, { ...input, idempotent: true })).toMatchObject({ rowCount: 0 });
  });
});

describe('bad weather', () => {
  it('a commit whose answer is lost is unknown, and its retry takes effect once', async () => {
    const { host, port } = db.server;
    const proxy = await faultProxy(host, port);
    try {
      await using ctx = context();
      const connection = db.through(proxy.port, proxy.host);
      await db.client.query(`DROP TABLE IF EXISTS slow; CREATE TABLE slow (id int);
        CREATE OR REPLACE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()`);
      const key = randomUUID();
      const input = { sql: 'INSERT INTO slow VALUES (1)', connection };
      await executeAt(ctx, randomUUID(), { sql: 'SELECT 1', connection });
      const lost = executeAt(ctx, key, input);
      lost.catch(() => {});
      // The trigger runs within the commit.
      await until(
        'the commit runs',
        async () => (await db.rows(`SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'PgSleep'`)).length > 0,
      );
      proxy.cut();
      await expect(lost).rejects.toMatchObject({ code: 'DB_COMMIT_UNKNOWN', retryable: true });
      expect(await executeAt(ctx, key, input)).toMatchObject({ rowCount: 1 });
      expect(await db.rows('SELECT count(*)::int AS n FROM slow')).toEqual([{ n: 1 }]);

      // The same, but with the commit done and only its answer lost.
      const again = randomUUID();
      const silent = executeAt(ctx, again, { ...input, timeoutMs: 1_200 });
      silent.catch(() => {});
      await until(
        'the commit runs',
        async () => (await db.rows(`SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'PgSleep'`)).length > 0,
      );
      proxy.loseReplies();
      await expect(silent).rejects.toMatchObject({ code: 'DB_TIMEOUT', retryable: true, message: expect.stringContaining('unknown') });
      await proxy.up();
      expect(await executeAt(ctx, again, input)).toEqual({ rowCount: 1, remembered: true });
      expect(await db.rows('SELECT count(*)::int AS n FROM slow')).toEqual([{ n: 2 }]);
    } finally {
      await proxy.close();
    }
  });

  it('cut at any moment, it takes effect once when it is tried until it succeeds', async () => {
    const { host, port } = db.server;
    const proxy = await faultProxy(host, port);
    try {
      await using ctx = context();
      const connection = db.through(proxy.port, proxy.host);
      let failures = 0;
      for (let round = 1; round <= 12; round++) {
        const key = randomUUID();
        proxy.cutAfter(round * 110);
        for (let attempt = 1; ; attempt++) {
          try {
            await executeAt(ctx, key, { sql: 'INSERT INTO orders (id) SELECT count(*) + 1 FROM orders', connection });
            break;
          } catch (error) {
            expect(error).toMatchObject({ retryable: true });
            failures++;
            proxy.cutAfter(attempt < 3 ? round * 110 + attempt * 37 : Number.POSITIVE_INFINITY);
          }
        }
      }
      expect(failures).toBeGreaterThan(10);
      expect(await orders()).toHaveLength(12);
    } finally {
      await proxy.close();
    }
  });

  it('deadlocks and serialization failures are passing failures', async () => {
    await using ctx = context();
    await db.client.query("INSERT INTO orders (id, status) VALUES (1, 'a'), (2, 'b')");
    const gate = 1_000_000_000 + Math.floor(Math.random() * 1_000_000_000);
    /** Lets both calls go on when both have come to the gate, and tells how they failed. */
    const meet = async (calls: () => Promise<unknown>[]) => {
      await db.client.query(`SELECT pg_advisory_lock(${gate})`);
      const outcomes = Promise.allSettled(calls());
      const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${gate} AND NOT granted`;
      await until('both wait', async () => (await db.rows(waiting)).length === 2);
      await db.client.query(`SELECT pg_advisory_unlock(${gate})`);
      return (await outcomes).flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    };
    const both = (first: number, second: number) =>
      execute(ctx, {
        sql: `WITH one AS (UPDATE orders SET total = 1 WHERE id = ${first} RETURNING pg_advisory_xact_lock_shared(${gate}))
          UPDATE orders SET total = 2 WHERE id = ${second} AND (SELECT count(*) FROM one) = 1`,
        idempotent: true,
      });
    const passing = (code: string) => expect.objectContaining({ code, retryable: true });
    expect(await meet(() => [both(1, 2), both(2, 1)])).toEqual([passing('DB_DEADLOCK')]);

    const count = (id: number) =>
      execute(ctx, {
        sql: `INSERT INTO orders (id, status) SELECT ${id}, count(o) FROM (SELECT pg_advisory_xact_lock_shared(${gate})) AS gate LEFT JOIN orders o ON true`,
        isolation: 'serializable',
        idempotent: true,
      });
    expect(await meet(() => [count(10), count(11)])).toEqual([passing('DB_SERIALIZATION')]);
  });

  it('a cancelled upsert leaves nothing behind, and its connection is given up', async () => {
    await using ctx = context();
    await db.client.query('DROP TABLE IF EXISTS held; CREATE TABLE held (id int PRIMARY KEY)');
    await db.client.query('BEGIN; LOCK TABLE held');
    const call = execute(ctx, { table: 'held', rows: [{ id: 1 }], conflict: { target: ['id'] } });
    call.catch(() => {});
    await until(
      'it waits for the lock',
      async () => (await db.rows(`SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'held'::regclass`)).length > 0,
    );
    ctx.abort(new Error('cancelled by hand'));
    await expect(call).rejects.toThrow('cancelled by hand');
    await until(
      'it waits no more',
      async () => (await db.rows(`SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'held'::regclass`)).length === 0,
    );
    await db.client.query('COMMIT');
    expect(await db.rows('SELECT * FROM held')).toEqual([]);
  });
});
