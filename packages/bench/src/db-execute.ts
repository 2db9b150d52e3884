import { createTestContext } from '@summit/maestro-sdk/testing';
import { postgres } from '@summit/maestro-services';
import { dbExecute } from '@summit/maestro-tasks-core/connectors/db.execute';
import pg from 'pg';
import { compareInterleaved, type Figure, median } from './figure.ts';

const ROWS = 100_000;
const BATCH = 1_000;
const COLUMNS = ['id', 'name', 'email', 'amount', 'at', 'doc'] as const;
const TYPES = ['int4', 'text', 'text', 'numeric', 'timestamptz', 'jsonb'];

const rows = Array.from({ length: ROWS }, (_, id) => ({
  id,
  name: `name ${id}`,
  email: `user${id}@example.com`,
  amount: id * 1.5,
  at: '2026-01-31T10:00:00Z',
  doc: { tags: ['a', 'c'], city: 'Springfield' },
}));

/** `db.execute` writing 100,000 rows, half of them there already, against node-postgres by hand with the same batches in one transaction. */
export async function dbExecuteUpsert(): Promise<Figure[]> {
  const { url } = await postgres();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const table = `bench_upsert_${process.pid}`;
  await client.query(
    `CREATE UNLOGGED TABLE ${table} (id int4 PRIMARY KEY, name text, email text, amount numeric, at timestamptz, doc jsonb)`,
  );
  const ctx = createTestContext({ task: dbExecute, secrets: { DATABASE_URL: url } });
  try {
    const artifact = await ctx.artifacts.put(rows.map((row) => `${JSON.stringify(row)}\n`).join(''), {
      contentType: 'application/x-ndjson',
    });
    const task = (source: object) => async () => {
      const payload = { table, conflict: { target: ['id'] }, batchSize: BATCH, timeoutMs: 120_000, ...source };
      const { payload: output } = await dbExecute.execute(ctx, { payload });
      if (output.inserted !== ROWS / 2 || output.updated !== ROWS / 2) throw new Error(`wrote ${JSON.stringify(output)}`);
    };
    const perSecond = (write: () => Promise<void>) => async () => {
      // Every other row is there.
      await client.query(`TRUNCATE ${table}; INSERT INTO ${table} (id) SELECT 2 * g FROM generate_series(0, ${ROWS / 2 - 1}) g`);
      const begin = performance.now();
      await write();
      return (ROWS / (performance.now() - begin)) * 1_000;
    };
    const figure = await compareInterleaved({
      figure: `db.execute, upsert of ${ROWS.toLocaleString('en')} rows in batches of ${BATCH}`,
      unit: 'rows/s',
      ours: perSecond(task({ rows })),
      other: perSecond(() => byHand(client, unnested(table), arrays)),
      otherName: 'node-postgres with unnest',
      must: 0.8,
      better: 'higher',
      rounds: 9,
    });
    const also = async (write: () => Promise<void>) => {
      const measure = perSecond(write);
      return Math.round(median([await measure(), await measure(), await measure()])).toLocaleString('en');
    };
    const note = `from an NDJSON artifact: ${await also(task({ artifact }))} rows/s; by hand with a parameter for each value: ${await also(() => byHand(client, listed(table), values))} rows/s`;
    return [{ ...figure, note }];
  } finally {
    await ctx.dispose();
    await client.query(`DROP TABLE ${table}`);
    await client.end();
  }
}

async function byHand(client: pg.Client, sql: string, parameters: (batch: typeof rows) => unknown[]): Promise<void> {
  await client.query('BEGIN');
  for (let start = 0; start < rows.length; start += BATCH) await client.query(sql, parameters(rows.slice(start, start + BATCH)));
  await client.query('COMMIT');
}

const update = COLUMNS.slice(1)
  .map((name) => `${name} = EXCLUDED.${name}`)
  .join(', ');

function unnested(table: string): string {
  const from = TYPES.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
  return `INSERT INTO ${table} (${COLUMNS.join(', ')}) SELECT * FROM unnest(${from}) ON CONFLICT (id) DO UPDATE SET ${update}`;
}

function arrays(batch: typeof rows): unknown[] {
  return COLUMNS.map((name) => batch.map((row) => (name === 'doc' ? JSON.stringify(row.doc) : row[name])));
}

function listed(table: string): string {
  const groups = Array.from(
    { length: BATCH },
    (_, row) => `(${COLUMNS.map((_name, index) => `$${row * COLUMNS.length + index + 1}`).join(', ')})`,
  );
  return `INSERT INTO ${table} (${COLUMNS.join(', ')}) VALUES ${groups.join(', ')} ON CONFLICT (id) DO UPDATE SET ${update}`;
}

function values(batch: typeof rows): unknown[] {
  return batch.flatMap((row) => COLUMNS.map((name) => row[name]));
}
