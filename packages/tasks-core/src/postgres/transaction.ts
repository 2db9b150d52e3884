import { type RunContext, TaskError, TimeoutError } from '@summit/maestro-sdk';
import { clientSpan } from '@summit/maestro-sdk/telemetry';
import pg from 'pg';
import { withDeadline } from '../connection/deadline.ts';
import { cancelRunning } from './cancel.ts';
import { type Doing, databaseFailure } from './failure.ts';
import { type ConnectionOptions, TIMEOUT_MS } from './options.ts';
import { checkIn, checkOut, type Database, databaseOf, destroy } from './pool.ts';

/** How much longer than the call the server goes on by itself, in milliseconds: normally it is told to stop before. */
const SERVER_GRACE_MS = 500;
/** How long the server gets to roll back what it was told to stop, before its connection is cut. */
const CANCEL_GRACE_MS = 250;
/** PostgreSQL cuts longer names. */
const LONGEST_NAME = 63;

export type Isolation = 'read committed' | 'repeatable read' | 'serializable';

/** How a transaction runs and ends. */
export interface TransactionOptions {
  readOnly: boolean;
  isolation?: Isolation;
  /** The statement that errors are about. */
  sql?: string;
  parameters?: readonly unknown[];
}

/** A transaction under way. */
export interface Session {
  client: pg.PoolClient;
  database: Database;
  /** What type answers are kept for. */
  pool: object;
  /** Aborted with the call, and when its time is over. */
  signal: AbortSignal;
  /** What an error is about from now on. */
  doing: Doing;
  /** Rolls back what was done so far, and begins anew. */
  restart(): Promise<void>;
}

/**
 * Runs `work` in a transaction on one pooled connection. One that only reads is rolled back at its end, so that not even a setting survives;
 * one that writes is committed when `work` resolves and rolled back when it rejects. On abort the statement is cancelled on the server and
 * the connection given up. Throws sorted errors.
 */
export async function inTransaction<R>(
  ctx: RunContext,
  connection: ConnectionOptions,
  options: TransactionOptions,
  work: (session: Session) => Promise<R>,
): Promise<R> {
  const database = await databaseOf(ctx, connection);
  const { timeoutMs = TIMEOUT_MS } = connection;
  const { sql, parameters, readOnly } = options;
  const doing: Doing = {
    label: database.label,
    phase: 'waiting',
    readOnly,
    ...(sql === undefined ? {} : { sql }),
    ...(parameters === undefined ? {} : { parameters }),
  };
  const late = () => new TimeoutError(lateMessage(database, doing, timeoutMs), { code: 'DB_TIMEOUT' });
  const attributes = {
    'db.system.name': 'postgresql',
    'db.namespace': database.label.replace(/^.*\//, ''),
    'server.address': database.host,
    'server.port': database.port,
  };
  return clientSpan(readOnly ? 'postgresql read' : 'postgresql write', { attributes }, () =>
    withDeadline(ctx.signal, timeoutMs, late, (signal) =>
      database.pool.use(signal, async (pool) => {
        try {
          doing.phase = 'connecting';
          const client = await checkOut(pool, signal);
          doing.phase = 'working';
          const begin = beginning(ctx, options, timeoutMs);
          const restart = async () => {
            await client.query('ROLLBACK');
            await client.query(begin);
          };
          return await onClient({ client, database, pool, signal, doing, restart }, begin, readOnly, work);
        } catch (error) {
          throw databaseFailure(error, doing);
        }
      }),
    ),
  );
}

async function onClient<R>(session: Session, begin: string, readOnly: boolean, work: (session: Session) => Promise<R>): Promise<R> {
  const { client, database, signal, doing } = session;
  let cancelling: Promise<void> | undefined;
  const onAbort = () => {
    cancelling = cancelRunning(client, database)
      .then(() => new Promise<void>((resolve) => void setTimeout(resolve, CANCEL_GRACE_MS)))
      .then(() => void client.connection.stream.destroy());
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await client.query(begin);
    const result = await work(session);
    signal.throwIfAborted();
    if (client.getTransactionStatus() !== 'T') throw endedByStatement();
    if (!readOnly) doing.phase = 'committing';
    await client.query(readOnly ? 'ROLLBACK' : 'COMMIT');
    // The answer does not wait for the connection to be made clean for the next call.
    void checkIn(client);
    return result;
  } catch (error) {
    await giveBack(session, cancelling);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function giveBack({ client, database, signal }: Session, cancelling: Promise<void> | undefined): Promise<void> {
  if (signal.aborted) {
    // A cancel that comes late must not hit the next statement of somebody else.
    destroy(client);
    return cancelling;
  }
  try {
    await client.query('ROLLBACK');
  } catch {
    // The connection is lost, which a server that is busy does not notice: it is told. What was open ends with the connection.
    destroy(client);
    return cancelRunning(client, database);
  }
  void checkIn(client);
  return undefined;
}

/**
 * Begins the transaction and settles what values look like, in one message. That is a SELECT on purpose: after the first snapshot a
 * read-only transaction cannot be turned into another, which `DO` or `CALL` could otherwise do.
 */
function beginning(ctx: RunContext, { readOnly, isolation = 'read committed' }: TransactionOptions, timeoutMs: number): string {
  const settings: Record<string, string> = {
    statement_timeout: String(timeoutMs + SERVER_GRACE_MS),
    // A worker that dies, or a network that is cut, must not leave locks behind.
    idle_in_transaction_session_timeout: String(timeoutMs + SERVER_GRACE_MS),
    application_name: `maestro/${ctx.runId}/${ctx.taskId}`.slice(0, LONGEST_NAME),
    TimeZone: 'UTC',
    DateStyle: 'ISO',
    IntervalStyle: 'iso_8601',
    bytea_output: 'hex',
    extra_float_digits: '1',
  };
  const set = Object.entries(settings).map(([name, value]) => `set_config('${name}', ${pg.escapeLiteral(value)}, true)`);
  return `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()} ${readOnly ? 'READ ONLY' : 'READ WRITE'}; SELECT ${set.join(', ')}`;
}

function endedByStatement(): TaskError {
  return TaskError.terminal(
    'DB_STATEMENT_REFUSED',
    'the statement ended the transaction it ran in; every call is a transaction of its own',
  );
}

function lateMessage({ label, poolSize, connectTimeoutMs }: Database, { phase }: Doing, timeoutMs: number): string {
  const what = {
    waiting: ['was not reached', ''],
    connecting: [
      'gave no connection',
      `; at most ${poolSize} are open at a time (poolSize), and each may take ${connectTimeoutMs} ms to connect`,
    ],
    working: ['was still working', '; it was told to stop, and nothing was changed'],
    committing: ['did not answer the commit', '; whether the transaction took effect is unknown'],
  }[phase];
  return `${label} ${what[0]} after ${timeoutMs} ms (timeoutMs)${what[1]}`;
}
