import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { executeAt, runContext, testDatabase } from './support/database.ts';

const CHILD = join(import.meta.dirname, 'support/db-child.ts');
/** Processes killed; each is killed at another moment of its transactions. */
const KILLS = Number(process.env.MAESTRO_TEST_DB_KILLS ?? 4);

it('a process killed in the middle of a transaction or its commit leaves each effect once, when its steps are tried again', async () => {
  await using db = await testDatabase();
  // Longer transactions and commits, so that a kill hits them.
  await db.client.query(`CREATE TABLE effects (step text NOT NULL);
    CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.004); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER late AFTER INSERT ON effects DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()`);
  const sql = 'INSERT INTO effects (step) SELECT $1 FROM pg_sleep(0.004)';
  await using ctx = runContext(db.url);
  await executeAt(ctx, randomUUID(), { sql: 'SELECT 1' });
  const started: string[] = [];
  const killed: string[] = [];
  for (let index = 0; index < KILLS; index++) {
    const child = spawn(process.execPath, [CHILD, db.url, randomUUID(), sql], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    const keys: string[] = [];
    lines.on('line', (key) => keys.push(key));
    const closed = Promise.all([once(child, 'close'), once(lines, 'close')]);
    while (keys.length < 5) await once(lines, 'line');
    await setTimeout(index * 3);
    child.kill('SIGKILL');
    await closed;
    started.push(...keys);
    killed.push(keys.at(-1) as string);
  }
  const results = [];
  for (const key of started) results.push({ key, ...(await executeAt(ctx, key, { sql, params: [key] })) });
  // Whatever had been answered is remembered; of those that were killed, some had taken effect and some had not.
  expect(results.filter(({ key, remembered }) => !remembered && !killed.includes(key))).toEqual([]);
  const effects = await db.rows('SELECT step, count(*)::int AS times FROM effects GROUP BY step ORDER BY step');
  expect(effects).toEqual(started.toSorted((a, b) => (a < b ? -1 : 1)).map((step) => ({ step, times: 1 })));
});
