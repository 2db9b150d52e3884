import { postgres } from '@summit/maestro-services';
import pg from 'pg';
import { onTestFinished } from 'vitest';

let schemas = 0;

/** A PostgreSQL database without a history, to be shared; it is gone after the test. */
export async function sharedHistory(): Promise<string> {
  const { url } = await postgres();
  const server = new pg.Client(url);
  await server.connect();
  schemas += 1;
  const schema = `history_cli_${process.pid}_${schemas}`;
  await server.query(`create schema ${schema}`);
  onTestFinished(async () => {
    await server.query(`drop schema ${schema} cascade`);
    await server.end();
  });
  const shared = new URL(url);
  shared.searchParams.set('options', `-csearch_path=${schema}`);
  return shared.href;
}
