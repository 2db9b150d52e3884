import type { DatabaseSync } from 'node:sqlite';
import { TaskError } from '@summit/maestro-sdk';
import type { Pool } from 'pg';
import { type Dialect, STEP_NAMES, STEPS, STEPS_TABLE } from './schema.ts';
import { one } from './sqlite.ts';

/**
 * Brings a file's schema up to date, under its write lock; other processes that open it meanwhile find it locked. Throws `HISTORY_NEWER`.
 * Kysely's migrator is loaded only where there is something to do, and before the lock is taken: that may take seconds on a busy machine.
 */
export async function migrateSqlite(database: DatabaseSync, file: string): Promise<void> {
  if (versionOf(database, file) === STEP_NAMES.length) return;
  const kysely = await loadKysely();
  database.exec('begin exclusive');
  try {
    if (versionOf(database, file) < STEP_NAMES.length) {
      await migrate(kysely, 'sqlite', new kysely.SqliteDialect({ database: asKysely(database) }));
      database.exec(`pragma user_version = ${STEP_NAMES.length}`);
    }
    database.exec('commit');
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

function versionOf(database: DatabaseSync, file: string): number {
  const version = Number(one(database, 'pragma user_version'));
  if (version > STEP_NAMES.length) throw newer(file, version);
  return version;
}

/** Brings a database's schema up to date; of several processes one does it and the others wait. Throws `HISTORY_NEWER`. */
export async function migratePostgres(pool: Pool, where: string): Promise<void> {
  const done = await stepsDone(pool);
  const unknown = done.filter((name) => !STEP_NAMES.includes(name));
  if (unknown.length > 0) throw newer(where, done.length);
  if (done.length === STEP_NAMES.length) return;
  const kysely = await loadKysely();
  // The migrator would end a pool that is its own; this one is not.
  const { rows } = await pool.query('select current_schema() as schema');
  const dialect = new kysely.PostgresDialect({ pool: { connect: () => pool.connect(), end: async () => {}, options: {} } as never });
  await migrate(kysely, 'postgres', dialect, rows[0]?.schema);
}

async function stepsDone(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query('select to_regclass($1) as there', [STEPS_TABLE]);
  if (rows[0]?.there === null) return [];
  return (await pool.query(`select name from ${STEPS_TABLE} order by name`)).rows.map(({ name }) => String(name));
}

async function loadKysely() {
  return { ...(await import('kysely')), ...(await import('kysely/migration')) };
}

/** `schema`: where the tables belong; others of the database may have tables of the same names. */
async function migrate(
  { Kysely, Migrator, sql }: Awaited<ReturnType<typeof loadKysely>>,
  dialect: Dialect,
  kyselyDialect: import('kysely').Dialect,
  schema?: string,
): Promise<void> {
  const migrations = Object.fromEntries(
    Object.entries(STEPS).map(([name, step]) => [
      name,
      {
        up: async (db: import('kysely').Kysely<unknown>) => {
          for (const statement of step(dialect)) await sql.raw(statement).execute(db);
        },
      },
    ]),
  );
  const migrator = new Migrator({
    db: new Kysely<unknown>({ dialect: kyselyDialect }),
    provider: { getMigrations: async () => migrations },
    migrationTableName: STEPS_TABLE,
    migrationLockTableName: `${STEPS_TABLE}_lock`,
    ...(schema === undefined ? {} : { migrationTableSchema: schema }),
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

/** Node's SQLite as Kysely wants it. Closing is left to whoever opened it. */
function asKysely(database: DatabaseSync): import('kysely').SqliteDatabase {
  return {
    close: () => {},
    prepare(text) {
      const statement = database.prepare(text);
      return {
        reader: statement.columns().length > 0,
        all: (values) => statement.all(...(values as never[])),
        run: (values) => statement.run(...(values as never[])),
        iterate: (values) => statement.iterate(...(values as never[])),
      };
    },
  };
}

function newer(where: string, steps: number): TaskError {
  return TaskError.terminal(
    'HISTORY_NEWER',
    `the history ${where} was written by a newer Maestro (schema ${steps}, this one knows ${STEP_NAMES.length}); update this one, or configure another history`,
  );
}
