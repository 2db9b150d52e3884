import { randomBytes } from 'node:crypto';
import type { RunContext } from '@summit/maestro-sdk';
import { createTestContext, type TestContext, type TestContextOptions } from '@summit/maestro-sdk/testing';
import { type Postgres, postgres } from '@summit/maestro-services';
import pg from 'pg';
import { dbExecute } from '../../src/connectors/db.execute.ts';
import { dbQuery } from '../../src/connectors/db.query.ts';

/** A PostgreSQL server with a schema of the test's own, which is what names without a schema mean. */
export interface TestDatabase extends AsyncDisposable {
  server: Postgres;
  /** Connection string of a role whose names are looked up in the schema. */
  url: string;
  schema: string;
  /** A client of the test's own, to look and to prepare with. */
  client: pg.Client;
  /** Rows of a statement, looked up past the tasks. */
  rows(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** The connection string by way of another address. */
  through(port: number, host?: string): string;
}

export async function testDatabase(): Promise<TestDatabase> {
  const server = await postgres();
  const schema = `t_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const password = randomBytes(12).toString('hex');
  await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(`CREATE ROLE ${schema} SUPERUSER LOGIN PASSWORD '${password}'`);
  await client.query(`ALTER ROLE ${schema} SET search_path = ${schema}, public`);
  await client.query(`SET search_path = ${schema}, public`);
  const through = (port: number, host = server.host) => `postgres://${schema}:${password}@${host}:${port}/${server.database}`;
  return {
    server,
    schema,
    client,
    url: through(server.port),
    through,
    rows: async (sql, values = []) => (await client.query(sql, values)).rows as Record<string, unknown>[],
    async [Symbol.asyncDispose]() {
      await client.query(`DROP SCHEMA ${schema} CASCADE; DROP OWNED BY ${schema}; DROP ROLE ${schema}`);
      await client.end();
    },
  };
}

/** A context for one run; each call of `step` is another step of it. */
export function runContext(url: string, options: TestContextOptions = {}): TestContext {
  return createTestContext({ ...options, secrets: { DATABASE_URL: url, ...options.secrets } });
}

let steps = 0;
/** The same run, at a step with an idempotency key of its own; or at one that is retried. */
export function step(ctx: RunContext, idempotencyKey = `run-${process.pid}-${randomBytes(4).toString('hex')}/step-${++steps}`): RunContext {
  return Object.create(ctx, { idempotencyKey: { value: idempotencyKey, enumerable: true } }) as RunContext;
}

type QueryInput = Parameters<typeof dbQuery.execute>[1]['payload'];
type ExecuteInput = Parameters<typeof dbExecute.execute>[1]['payload'];

export const query = async (ctx: RunContext, payload: QueryInput) => (await dbQuery.execute(ctx, { payload })).payload;
export const execute = async (ctx: RunContext, payload: ExecuteInput) => (await dbExecute.execute(step(ctx), { payload })).payload;
export const executeAt = async (ctx: RunContext, key: string, payload: ExecuteInput) =>
  (await dbExecute.execute(step(ctx, key), { payload })).payload;

/** Waits for a condition of the server's, as it shows to the test's own client. */
export async function until(what: string, holds: () => Promise<boolean>, ms = 5_000): Promise<void> {
  for (const end = Date.now() + ms; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
  }
}
