import { TaskError } from '@summit/maestro-sdk';
import { faultProxy } from '@summit/maestro-services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { query, runContext, type TestDatabase, testDatabase, until } from '../../test/support/database.ts';
import { dbQuery } from './db.query.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await db.client.query(`CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL);
    INSERT INTO orders VALUES (1, 'open'), (2, 'open'), (3, 'shipped')`);
});
afterAll(() => db[Symbol.asyncDispose]());

const context = (options?: Parameters<typeof runContext>[1]) => runContext(db.url, { task: dbQuery, ...options });

describe('rows', () => {
  it('come by column name, with the count and the columns', async () => {
    await using ctx = context();
    expect(await query(ctx, { sql: 'SELECT id, status FROM orders WHERE status = $1 ORDER BY id', params: ['open'] })).toEqual({
      rows: [
        { id: 1, status: 'open' },
        { id: 2, status: 'open' },
      ],
      count: 2,
      columns: [
        { name: 'id', type: 'integer' },
        { name: 'status', type: 'text' },
      ],
    });
    expect(await query(ctx, { sql: 'SELECT id FROM orders WHERE false' })).toMatchObject({ rows: [], count: 0 });
  });

  it.each([
    ["42::bigint, '9007199254740993'::bigint", [42, '9007199254740993']],
    ["1.50::numeric, 'NaN'::numeric", ['1.50', 'NaN']],
    ["1.5::real, 'NaN'::float8, '-Infinity'::float8", [1.5, 'NaN', '-Infinity']],
    ["'2026-01-31'::date, '10:00:00.5'::time", ['2026-01-31', '10:00:00.5']],
    ["'2026-07-01 10:00:00.123456+02'::timestamptz, '2026-07-01 10:00'::timestamp", ['2026-07-01T08:00:00.123456Z', '2026-07-01T10:00:00']],
    ["'infinity'::timestamptz, '0044-03-15 12:00+00 BC'::timestamptz", ['infinity', '0044-03-15T12:00:00Z BC']],
    ["'1 day 2 hours'::interval", ['P1DT2H']],
    ["'\\x00ff'::bytea, true, null", ['AP8=', true, null]],
    [`'{"a": [1, null]}'::jsonb, '"text"'::json`, [{ a: [1, null] }, 'text']],
    [`'{"id": 9007199254740993}'::jsonb, '[9007199254740991]'::json`, [{ id: '9007199254740993' }, [9007199254740991]]],
    [
      "ARRAY[1, NULL, 3], '{{1,2},{3,4}}'::int[], '[0:1]={5,6}'::int[]",
      [
        [1, null, 3],
        [
          [1, 2],
          [3, 4],
        ],
        [5, 6],
      ],
    ],
    [`ARRAY['a "b"', '{c}', 'NULL', 'x\\y', '', NULL]`, [['a "b"', '{c}', 'NULL', 'x\\y', '', null]]],
    ["ARRAY['2026-01-01 00:00+00'::timestamptz], ARRAY['{\"a\":1}'::jsonb], ARRAY[7::bigint]", [['2026-01-01T00:00:00Z'], [{ a: 1 }], [7]]],
    [
      "'[1,5)'::int4range, '1 2'::int2vector, '(1,2),(3,4)'::box, ARRAY['(1,2),(3,4)'::box]",
      ['[1,5)', '1 2', '(3,4),(1,2)', ['(3,4),(1,2)']],
    ],
    ["'10.0.0.1'::inet, '0c8ce4a6-bfd7-4d31-8a4b-000000000001'::uuid", ['10.0.0.1', '0c8ce4a6-bfd7-4d31-8a4b-000000000001']],
  ])('SELECT %s is %j', async (values, expected) => {
    await using ctx = context();
    const names = expected.map((_, index) => `c${index}`);
    const { rows } = await query(ctx, { sql: `SELECT * FROM (SELECT ${values}) AS v(${names.join(', ')})` });
    expect(rows).toEqual([Object.fromEntries(names.map((name, index) => [name, expected[index]]))]);
  });

  it('have the types a database has made itself', async () => {
    await db.client.query(
      `CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE DOMAIN size AS int CHECK (VALUE > 0); CREATE TYPE pair AS (a int, b text)`,
    );
    await using ctx = context();
    const found = await query(ctx, {
      sql: `SELECT 'sad'::mood m, ARRAY['sad']::mood[] ms, 3::size s, ARRAY[3]::size[] ss, (1, 'x')::pair p`,
    });
    expect(found.rows).toEqual([{ m: 'sad', ms: ['sad'], s: 3, ss: [3], p: '(1,x)' }]);
    expect(found.columns.map(({ type }) => type)).toEqual(['mood', 'mood[]', 'integer', 'size[]', 'pair']);
  });

  it('have bigint and numeric as the caller wants them', async () => {
    await using ctx = context();
    const { rows } = await query(ctx, { sql: 'SELECT 7::bigint a, 1.50::numeric b', bigint: 'string', numeric: 'number' });
    expect(rows).toEqual([{ a: '7', b: 1.5 }]);
  });

  it('have every column a property of its own', async () => {
    await using ctx = context();
    const { rows } = await query(ctx, { sql: 'SELECT 1 AS "__proto__", 2 AS "constructor"' });
    expect(Object.entries(rows?.[0] ?? {})).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
    await expect(query(ctx, { sql: 'SELECT 1 AS a, 2 AS a' })).rejects.toMatchObject({ code: 'DB_COLUMNS_DUPLICATE' });
  });
});

describe('parameters', () => {
  it('are values of any type', async () => {
    await using ctx = context();
    const sql = 'SELECT $1::int[] a, $2::jsonb b, $3::jsonb c, $4::text d, $5::bool e, $6::text[] f, $7::numeric g';
    const params = [[1, null], [1, 'a'], { x: "it's" }, null, true, ['a"b', '{'], '12345678901234567890.5'];
    expect((await query(ctx, { sql, params })).rows).toEqual([
      { a: [1, null], b: [1, 'a'], c: { x: "it's" }, d: null, e: true, f: ['a"b', '{'], g: '12345678901234567890.5' },
    ]);
  });

  it.each([
    ['SELECT $1::int, $2::int', [1], 'uses 2 parameters ($1 to $2), params has 1'],
    ['SELECT 1', [1], 'uses no parameter, params has 1'],
    ['SELECT $1::int', undefined, 'uses one parameter ($1), params has 0'],
  ])('%s with %j', async (sql, params, message) => {
    await using ctx = context();
    const call = query(ctx, { sql, ...(params === undefined ? {} : { params }) });
    await expect(call).rejects.toMatchObject({ code: 'DB_PARAMETERS', message: expect.stringContaining(message) });
  });

  it('are in no error, whatever the server quotes', async () => {
    await using ctx = context();
    await db.client.query(
      `CREATE OR REPLACE FUNCTION complain(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no %', $1 USING HINT = $1; END $$`,
    );
    const value = 'a-value-nobody-may-see';
    for (const sql of [
      'SELECT $1::int',
      'SELECT $1::date',
      'SELECT $1::regclass',
      'SELECT $1::jsonb',
      'SELECT complain($1)',
      'SELECT ($1::text)::int',
    ]) {
      const error = await query(ctx, { sql, params: [value] }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TaskError);
      const { message, details, cause } = error as TaskError;
      expect(JSON.stringify([message, details, String(cause), Object.entries(cause as object)])).not.toContain('nobody');
    }
  });
});

describe('a read-only transaction', () => {
  it.each([
    ["INSERT INTO orders VALUES (9, 'x')", 'DB_READ_ONLY'],
    ["WITH x AS (INSERT INTO orders VALUES (9, 'x') RETURNING *) SELECT * FROM x", 'DB_READ_ONLY'],
    ['SELECT * FROM orders FOR UPDATE', 'DB_READ_ONLY'],
    ['CREATE TABLE evil (a int)', 'DB_READ_ONLY'],
    ["DO $$ BEGIN INSERT INTO orders VALUES (9, 'x'); END $$", 'DB_READ_ONLY'],
    ["DO $$ BEGIN SET TRANSACTION READ WRITE; INSERT INTO orders VALUES (9, 'x'); END $$", 'DB_READ_ONLY'],
    ["DO $$ BEGIN PERFORM set_config('transaction_read_only', 'off', true); INSERT INTO orders VALUES (9, 'x'); END $$", 'DB_READ_ONLY'],
    ["DO $$ BEGIN COMMIT; INSERT INTO orders VALUES (9, 'x'); END $$", 'DB_FAILED'],
    ['SET TRANSACTION READ WRITE', 'DB_READ_ONLY'],
    ["SELECT set_config('transaction_read_only', 'off', false), nextval('counter')", 'DB_READ_ONLY'],
    ["SELECT nextval('counter')", 'DB_READ_ONLY'],
    ['SELECT writes()', 'DB_READ_ONLY'],
    ["SELECT 1; INSERT INTO orders VALUES (9, 'x')", 'DB_MULTIPLE_STATEMENTS'],
    ["COMMIT; INSERT INTO orders VALUES (9, 'x')", 'DB_STATEMENT_REFUSED'],
    ['/* a /* nested */ comment */ -- and another\n commit', 'DB_STATEMENT_REFUSED'],
    [';;ROLLBACK AND CHAIN', 'DB_STATEMENT_REFUSED'],
    ["COPY orders TO PROGRAM 'cat'", 'DB_STATEMENT_REFUSED'],
    ['PREPARE TRANSACTION $$x$$', 'DB_STATEMENT_REFUSED'],
    ['', 'INVALID_INPUT'],
    ['-- nothing', 'INVALID_INPUT'],
    ['SELECT 1\0; DROP TABLE orders', 'INVALID_INPUT'],
  ])('%s', async (sql, code) => {
    await db.client.query(`CREATE SEQUENCE IF NOT EXISTS counter;
      CREATE OR REPLACE FUNCTION writes() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO orders VALUES (9, 'x'); RETURN 1; END $$`);
    await using ctx = context();
    await expect(query(ctx, { sql })).rejects.toMatchObject({ code, retryable: false });
    expect(await db.rows('SELECT id FROM orders WHERE id = 9')).toEqual([]);
  });

  it('leaves nothing behind on its connection', async () => {
    await using ctx = context();
    const one = { poolSize: 1 };
    await query(ctx, { ...one, sql: "SELECT set_config('search_path', 'nowhere', false), pg_advisory_lock(4711)" });
    await query(ctx, { ...one, sql: 'SET statement_timeout = 1' });
    const sql =
      "SELECT current_setting('search_path') path, (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) locks";
    expect((await query(ctx, { ...one, sql })).rows).toEqual([{ path: `${db.schema}, public`, locks: 0 }]);
  });

  it('is known to the server by the run', async () => {
    await using ctx = context({ runId: 'run-7', taskId: 'read' });
    expect((await query(ctx, { sql: "SELECT current_setting('application_name') AS name" })).rows).toEqual([
      { name: 'maestro/run-7/read' },
    ]);
  });
});

describe('size', () => {
  it('above the inline limit is an error that names the artifact, and an artifact otherwise', async () => {
    await using ctx = context();
    const sql = "SELECT g AS id, repeat('x', 100) AS text FROM generate_series(1, 20000) g";
    await expect(query(ctx, { sql })).rejects.toMatchObject({ code: 'DB_TOO_LARGE', message: expect.stringContaining('as: artifact') });
    const { artifact, count, rows } = await query(ctx, { sql, as: 'artifact', name: 'all.ndjson' });
    expect({ count, rows, name: artifact?.name, contentType: artifact?.contentType }).toEqual({
      count: 20_000,
      rows: undefined,
      name: 'all.ndjson',
      contentType: 'application/x-ndjson',
    });
    const lines = (await ctx.readArtifact(artifact as NonNullable<typeof artifact>)).toString().trimEnd().split('\n');
    expect(lines).toHaveLength(20_000);
    expect(lines[19_999]).toBe(JSON.stringify({ id: 20_000, text: 'x'.repeat(100) }));
  });

  it('is bounded by maxRows and expectRows', async () => {
    await using ctx = context();
    const sql = 'SELECT id FROM orders';
    await expect(query(ctx, { sql, maxRows: 2 })).rejects.toMatchObject({ code: 'DB_TOO_LARGE' });
    await expect(query(ctx, { sql, as: 'artifact', maxRows: 2 })).rejects.toMatchObject({ code: 'DB_TOO_LARGE' });
    expect(await query(ctx, { sql, maxRows: 3, expectRows: { min: 1, max: 3 } })).toMatchObject({ count: 3 });
    await expect(query(ctx, { sql, expectRows: 1 })).rejects.toMatchObject({ code: 'DB_ROWS_UNEXPECTED', details: { found: 3 } });
    await expect(query(ctx, { sql, expectRows: { min: 4 } })).rejects.toThrow('expected at least 4 rows');
  });
});

describe('errors', () => {
  it.each([
    ['SELECT\n  nmae FROM orders', 'DB_COLUMN_UNKNOWN', /column "nmae" does not exist \(line 2, column 3, near "nmae FROM orders"\)/],
    ['SELEC 1', 'DB_SYNTAX', /near "SELEC 1"/],
    ["SELECT 'ä€😀' || nope", 'DB_COLUMN_UNKNOWN', /line 1, column 17|line 1, column 18/],
    ['SELECT * FROM ordrs', 'DB_TABLE_UNKNOWN', /did you mean "orders"\?/],
    ['SELECT nofunction(1)', 'DB_FUNCTION_UNKNOWN', /nofunction/],
    ['SELECT * FROM nowhere.orders', 'DB_TABLE_UNKNOWN', /nowhere\.orders/],
    ['SELECT 1 / 0', 'DB_VALUE_INVALID', /division by zero/],
    ['SELECT $1', 'OK', /./],
  ])('%s', async (sql, code, message) => {
    await using ctx = context();
    if (code === 'OK') return expect(await query(ctx, { sql, params: ['x'] })).toMatchObject({ count: 1 });
    await expect(query(ctx, { sql })).rejects.toMatchObject({ code, retryable: false, message: expect.stringMatching(message) });
    return undefined;
  });

  it('say what a user may not do', async () => {
    await using ctx = context();
    await db.client.query(`GRANT USAGE ON SCHEMA ${db.schema} TO limited`);
    const denied = query(ctx, { sql: `SELECT * FROM ${db.schema}.orders`, connection: db.server.limited.url });
    await expect(denied).rejects.toMatchObject({ code: 'DB_PERMISSION', retryable: false, message: expect.stringContaining('orders') });
  });

  it.each([
    ['REPORTING_DB', 'DB_CONNECTION_INVALID', /\$\{secrets\.NAME\}/],
    ['mysql://a:b@localhost/x', 'DB_CONNECTION_INVALID', /postgres:\/\//],
    ['postgres://a:b@one,two/x', 'DB_CONNECTION_INVALID', /several hosts/],
    ['postgres://a:b@localhost/x?sslrootcert=/etc/passwd', 'DB_CONNECTION_INVALID', /"sslrootcert"/],
    ['postgres://a:b@localhost/x?sslmode=no-verify', 'DB_CONNECTION_INVALID', /sslmode/],
    ['postgres://a:hunter-two@localhost:1/x', 'DB_UNREACHABLE', /localhost:1\/x: cannot connect: .*ECONNREFUSED/],
    ['postgres://a:hunter-two@no-such-host.invalid/x', 'DB_UNREACHABLE', /no-such-host\.invalid/],
  ])('connection %s', async (connection, code, message) => {
    await using ctx = context();
    const error = await query(ctx, { sql: 'SELECT 1', connection }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(String(error)).not.toContain('hunter');
  });

  it('tell wrong credentials and databases apart', async () => {
    await using ctx = context();
    const { host, port, user, database } = db.server;
    const at = (credentials: string, name = database) =>
      query(ctx, { sql: 'SELECT 1', connection: `postgres://${credentials}@${host}:${port}/${name}` });
    await expect(at(`${user}:wrong`)).rejects.toMatchObject({ code: 'DB_AUTH_FAILED', retryable: false });
    await expect(at(user)).rejects.toMatchObject({ code: 'DB_AUTH_FAILED', message: expect.stringContaining('asks for a password') });
    await expect(at(`${user}:${db.server.password}`, 'nope')).rejects.toMatchObject({ code: 'DB_DATABASE_UNKNOWN' });
    const none = runContext(db.url, { secrets: {} });
    await using bare = Object.assign(none, { secrets: async () => Promise.reject(TaskError.terminal('SECRET_MISSING', 'no such secret')) });
    await expect(query(bare, { sql: 'SELECT 1' })).rejects.toMatchObject({ code: 'SECRET_MISSING' });
  });
});

describe('TLS', () => {
  const who = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';

  it('takes the authorities it is given, and a client certificate', async () => {
    await using ctx = context();
    const { ca, required, certificate } = db.server.tls;
    expect((await query(ctx, { sql: who, connection: required.url, tls: { ca } })).rows).toEqual([{ ssl: true }]);
    const { cert, key, url } = certificate;
    expect((await query(ctx, { sql: who, connection: url, tls: { ca, cert, key } })).rows).toEqual([{ ssl: true }]);
  });

  it('is refused with a reason', async () => {
    await using ctx = context();
    const { ca, required } = db.server.tls;
    const connection = required.url;
    await expect(query(ctx, { sql: who, connection })).rejects.toMatchObject({
      code: 'DB_AUTH_FAILED',
      message: expect.stringContaining('TLS'),
    });
    await expect(query(ctx, { sql: who, connection: `${connection}?sslmode=require` })).rejects.toMatchObject({ code: 'DB_TLS_FAILED' });
    const other = query(ctx, { sql: who, connection, tls: { ca, serverName: 'db.example.com' } });
    await expect(other).rejects.toMatchObject({
      code: 'DB_TLS_FAILED',
      retryable: false,
      message: expect.stringContaining('db.example.com'),
    });
  });
});

describe('bad weather', () => {
  const working = async (marker: string) =>
    (await db.rows(`SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE $1`, [`%${marker}%`])).length;

  it('a cancelled statement does not go on working on the server', async () => {
    await using ctx = context();
    const call = query(ctx, { sql: 'SELECT pg_sleep(60) AS cancelled_statement' });
    call.catch(() => {});
    await until('the statement runs', async () => (await working('cancelled_statement')) > 0);
    ctx.abort(new Error('cancelled by hand'));
    const before = performance.now();
    await expect(call).rejects.toThrow('cancelled by hand');
    await until('the server stops', async () => (await working('cancelled_statement')) === 0, 2_000);
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  it('is cancelled over TLS as well', async () => {
    await using ctx = context();
    const { required, ca } = db.server.tls;
    const call = query(ctx, { sql: 'SELECT pg_sleep(60) AS over_tls', connection: required.url, tls: { ca }, timeoutMs: 400 });
    await expect(call).rejects.toMatchObject({ code: 'DB_TIMEOUT', retryable: true });
    await until('the server stops', async () => (await working('over_tls')) === 0, 2_000);
  });

  it('a timeout stops it too, and the next call finds a connection', async () => {
    await using ctx = context();
    const call = query(ctx, { sql: 'SELECT pg_sleep(60) AS timed_out', timeoutMs: 200, poolSize: 1 });
    await expect(call).rejects.toMatchObject({ code: 'DB_TIMEOUT', message: expect.stringContaining('still working after 200 ms') });
    await until('the server stops', async () => (await working('timed_out')) === 0, 2_000);
    expect(await query(ctx, { sql: 'SELECT 1 AS one', poolSize: 1 })).toMatchObject({ rows: [{ one: 1 }] });
  });

  it('a call that waits for a connection ends in time, and says why it waited', async () => {
    await using ctx = context();
    const busy = query(ctx, { sql: 'SELECT pg_sleep(1)', poolSize: 1 });
    const waiting = query(ctx, { sql: 'SELECT 1', poolSize: 1, timeoutMs: 200 });
    await expect(waiting).rejects.toMatchObject({ code: 'DB_TIMEOUT', message: expect.stringContaining('poolSize') });
    await busy;
    expect(await query(ctx, { sql: 'SELECT 1 AS one', poolSize: 1 })).toMatchObject({ count: 1 });
  });

  it('a server that is down, silent, or gone in the middle ends the call in time; it works when it is back', async () => {
    const { host, port } = db.server;
    const proxy = await faultProxy(host, port);
    try {
      await using ctx = context();
      const connection = db.through(proxy.port, proxy.host);
      const call = (sql = 'SELECT 1 AS one') => query(ctx, { sql, connection, connectTimeoutMs: 300, timeoutMs: 3_000 });
      await proxy.down();
      await expect(call()).rejects.toMatchObject({ code: 'DB_UNREACHABLE', retryable: true });
      await proxy.up();
      proxy.silence();
      await expect(call()).rejects.toMatchObject({
        code: 'DB_UNREACHABLE',
        retryable: true,
        message: expect.stringContaining('no answer'),
      });
      await proxy.up();
      expect(await call()).toMatchObject({ count: 1 });

      const broken = call('SELECT pg_sleep(60) AS cut_in_the_middle');
      broken.catch(() => {});
      await until('the statement runs', async () => (await working('cut_in_the_middle')) > 0);
      proxy.cut();
      await expect(broken).rejects.toMatchObject({ code: 'DB_CONNECTION_LOST', retryable: true });
      await until('the server stops', async () => (await working('cut_in_the_middle')) === 0, 2_000);
      expect(await call()).toMatchObject({ count: 1 });

      // An idle connection that is cut says so when nobody asks; the process lives, and the next call takes another.
      proxy.cut();
      await until('the pool notices', async () => proxy.connections === 0);
      expect(await call()).toMatchObject({ count: 1 });

      const silent = query(ctx, { sql: 'SELECT pg_sleep(60) AS silent_in_the_middle', connection, timeoutMs: 800 });
      silent.catch(() => {});
      await until('the statement runs', async () => (await working('silent_in_the_middle')) > 0);
      proxy.silence();
      await expect(silent).rejects.toMatchObject({ code: 'DB_TIMEOUT' });
      // The request to cancel did not arrive; the server stops by its own timeout.
      await until('the server stops', async () => (await working('silent_in_the_middle')) === 0, 3_000);
      await ctx.closeClients();
      await proxy.up();
      await until('no connection is left', async () => proxy.connections === 0);
    } finally {
      await proxy.close();
    }
  });

  it('an administrator who ends the connection is a passing failure', async () => {
    await using ctx = context();
    const call = query(ctx, { sql: 'SELECT pg_sleep(60) AS terminated_by_admin' });
    call.catch(() => {});
    await until('the statement runs', async () => (await working('terminated_by_admin')) > 0);
    await db.client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%terminated_by_admin%' AND pid <> pg_backend_pid()`,
    );
    await expect(call).rejects.toMatchObject({ code: 'DB_CONNECTION_LOST', retryable: true });
  });
});
