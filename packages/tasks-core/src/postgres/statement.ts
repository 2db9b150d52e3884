import { InvalidInputError } from '@summit/maestro-sdk';
import type pg from 'pg';

/** Statements that would end the transaction a call runs in, or need a stream that there is not. */
const REFUSED: Record<string, string> = {
  ...Object.fromEntries(
    ['begin', 'start', 'commit', 'end', 'rollback', 'abort', 'savepoint', 'release', 'prepare'].map((word) => [
      word,
      'every call is a transaction of its own',
    ]),
  ),
  copy: 'large results are written with as: artifact, many rows with connectors/db.execute and table',
};

/** Throws where a text cannot be a statement to run: `INVALID_INPUT`, or `DB_STATEMENT_REFUSED`. */
export function checkStatement(sql: unknown): asserts sql is string {
  if (typeof sql !== 'string') throw new InvalidInputError(`sql must be text, found ${sql === undefined ? 'nothing' : typeof sql}`);
  const word = firstWord(sql);
  if (word === '') throw new InvalidInputError('sql is empty: give one statement');
  // The protocol ends a text at the first one.
  if (sql.includes('\0')) throw new InvalidInputError('sql contains the character NUL');
  if (!Object.hasOwn(REFUSED, word)) return;
  throw new InvalidInputError(`sql must not begin with ${word.toUpperCase()}: ${REFUSED[word]}`, { code: 'DB_STATEMENT_REFUSED' });
}

/** The first word after white space and comments, in lower case; `(` where a statement begins with one; empty where there is none. */
export function firstWord(sql: string): string {
  let at = 0;
  for (;;) {
    while (at < sql.length && /[\s;]/.test(sql[at] as string)) at++;
    if (sql.startsWith('--', at)) {
      const end = sql.indexOf('\n', at);
      if (end < 0) return '';
      at = end;
    } else if (sql.startsWith('/*', at)) {
      at = afterComment(sql, at);
    } else break;
  }
  return /^[a-z_]+|^./i.exec(sql.slice(at, at + 40))?.[0].toLowerCase() ?? '';
}

/** Comments nest in PostgreSQL. */
function afterComment(sql: string, start: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; at++) {
    if (sql.startsWith('/*', at)) {
      depth++;
      at++;
    } else if (sql.startsWith('*/', at)) {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return sql.length;
}

/** What the server makes of a statement before it runs. */
export interface Described {
  /** Type of each parameter. */
  parameters: number[];
  /** Columns of the rows it gives; empty where it gives none. */
  columns: { name: string; type: number }[];
}

/** Asks the server what a statement needs and gives, without running it. Rejects with the server's error for one that is wrong. */
export function describeStatement(client: pg.PoolClient, sql: string): Promise<Described> {
  return new Promise((resolve, reject) => {
    const described: Described = { parameters: [], columns: [] };
    const onParameters = ({ dataTypeIDs }: { dataTypeIDs: number[] }) => {
      described.parameters = dataTypeIDs;
    };
    let wire: pg.Connection | undefined;
    const done = () => wire?.removeListener('parameterDescription', onParameters);
    client.query({
      submit(connection: pg.Connection) {
        wire = connection;
        connection.once('parameterDescription', onParameters);
        connection.parse({ text: sql, name: '', types: [] }, true);
        connection.describe({ type: 'S', name: '' }, true);
        connection.sync();
      },
      handleRowDescription({ fields }: { fields: pg.FieldDef[] }) {
        described.columns = fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID }));
      },
      handleError(error: Error) {
        done();
        reject(error);
      },
      handleReadyForQuery() {
        done();
        resolve(described);
      },
    } as pg.Submittable);
  });
}
