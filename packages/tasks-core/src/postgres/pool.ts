import { checkServerIdentity, type ConnectionOptions as TlsConnectionOptions } from 'node:tls';
import { type RunContext, TaskError } from '@summit/maestro-sdk';
import { orAbort } from '@summit/maestro-sdk/abort';
import pg from 'pg';
import { type Connection, connection } from '../connection/pooled.ts';
import { tlsOptions } from '../connection/tls.ts';
import { type Address, addressLabel, parseAddress } from './address.ts';
import { CONNECT_TIMEOUT_MS, type ConnectionOptions, DATABASE_URL, POOL_SIZE } from './options.ts';

/** A connection nobody used for so long is closed. */
const IDLE_MS = 60_000;
/** A connection that has rested for longer is asked for a sign of life first. */
const CHECK_AFTER_MS = 10_000;
/** How long that may take. */
const CHECK_MS = 2_000;
/** How long open connections may take to end in good order. */
const CLOSE_MS = 1_000;

/** The connections of this worker to one database. */
export interface Database {
  /** `host:port/database`. */
  label: string;
  host: string;
  port: number;
  ssl: false | TlsConnectionOptions;
  poolSize: number;
  connectTimeoutMs: number;
  pool: Connection<pg.Pool>;
}

/** The database a call is about. Asks for the secret `DATABASE_URL` only where no connection is given; connects to nothing yet. */
export async function databaseOf(ctx: RunContext, options: ConnectionOptions): Promise<Database> {
  const given = options.connection;
  const text = given ?? (await ctx.secrets(DATABASE_URL));
  const address = parseAddress(text, given === undefined ? `secret ${DATABASE_URL}` : 'connection');
  const { poolSize = POOL_SIZE, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
  const ssl = sslOf(options.tls ?? address.tls);
  const label = addressLabel(address);
  const pool = await connection(ctx, {
    kind: 'postgres',
    config: { address, tls: options.tls ?? address.tls, poolSize, connectTimeoutMs },
    open: async () => openPool(address, ssl, poolSize, connectTimeoutMs),
    close: closePool,
    connectTimeoutMs,
    late: (ms) => TaskError.transient('DB_UNREACHABLE', `${label}: no connection within ${ms} ms`),
  });
  return { label, host: address.host, port: address.port, ssl, poolSize, connectTimeoutMs, pool };
}

function sslOf(tls: Parameters<typeof tlsOptions>[0]): false | TlsConnectionOptions {
  const options = tlsOptions(tls);
  if (options === undefined) return false;
  const { servername } = options;
  // node-postgres sets the server name to the host, so the name is checked here.
  return servername === undefined ? options : { ...options, checkServerIdentity: (_, cert) => checkServerIdentity(servername, cert) };
}

/** Sockets by pool, those still connecting included: what does not end by itself can be cut. */
const clientsOf = new WeakMap<pg.Pool, Set<pg.Client>>();
const lastUsed = new WeakMap<pg.PoolClient, number>();

function openPool(address: Address, ssl: false | TlsConnectionOptions, max: number, connectTimeoutMs: number): pg.Pool {
  const { host, port, database, user } = address;
  const clients = new Set<pg.Client>();
  // A function: no password is found in the environment or in ~/.pgpass, and none is shown with the configuration.
  const password = async () => {
    if (address.password !== undefined) return address.password;
    throw TaskError.terminal('DB_AUTH_FAILED', `${addressLabel(address)} asks for a password, and the connection string gives none`);
  };
  // The time to connect is the client's alone: a call that waits for a free connection is bound by its own deadline.
  class TimedClient extends pg.Client {
    constructor(config: pg.ClientConfig) {
      super({ ...config, password, connectionTimeoutMillis: connectTimeoutMs });
      clients.add(this);
      this.on('end', () => clients.delete(this));
    }

    override connect(): Promise<pg.Client>;
    override connect(callback: (error?: Error) => void): void;
    override connect(callback?: (error?: Error) => void): Promise<pg.Client> | undefined {
      if (callback === undefined) return super.connect();
      super.connect((error: Error | null) => {
        // It would stay open, and keep the server waiting for the rest of the handshake.
        if (error) this.connection.stream.destroy();
        callback(error ?? undefined);
      });
      return undefined;
    }
  }
  const config = { host, port, database, user, ssl, max, keepAlive: true, idleTimeoutMillis: IDLE_MS, allowExitOnIdle: true };
  const pool = new pg.Pool({ ...config, Client: TimedClient as unknown as new () => pg.ClientBase });
  // A connection that is lost while it rests is replaced by the next call; unheard, the event would end the process.
  pool.on('error', () => {});
  clientsOf.set(pool, clients);
  return pool;
}

async function closePool(pool: pg.Pool): Promise<void> {
  const clients = clientsOf.get(pool) ?? new Set();
  const ended = pool.end();
  const timer = setTimeout(() => {
    for (const client of clients) client.connection.stream.destroy();
  }, CLOSE_MS);
  try {
    await ended;
    await Promise.all([...clients].map((client) => new Promise((resolve) => client.once('end', resolve))));
  } finally {
    clearTimeout(timer);
  }
}

/** A connection that is alive. Rejects with the signal's reason when that is aborted first; a connection that comes later goes back. */
export async function checkOut(pool: pg.Pool, signal: AbortSignal): Promise<pg.PoolClient> {
  for (;;) {
    signal.throwIfAborted();
    const taking = pool.connect();
    taking.then(
      (client) => signal.aborted && client.release(),
      () => {},
    );
    const client = await orAbort(taking, signal);
    // While nobody listens a broken connection would end the process; whoever waits for an answer is told by its rejection.
    if (client.listenerCount('error') === 0) client.on('error', () => {});
    const rested = performance.now() - (lastUsed.get(client) ?? performance.now());
    if (rested < CHECK_AFTER_MS || (await alive(client, signal))) return client;
    destroy(client);
  }
}

async function alive(client: pg.PoolClient, signal: AbortSignal): Promise<boolean> {
  try {
    await orAbort(client.query('SELECT 1'), AbortSignal.any([signal, AbortSignal.timeout(CHECK_MS)]));
    return true;
  } catch {
    // However the check fails: another connection is taken, and what is wrong with the server shows there.
    return false;
  }
}

/** Gives a connection back, when the server has forgotten all that was set, prepared, locked or listened to on it. */
export async function checkIn(client: pg.PoolClient): Promise<void> {
  const timer = setTimeout(() => client.connection.stream.destroy(), CHECK_MS);
  try {
    await client.query('DISCARD ALL');
    lastUsed.set(client, performance.now());
    client.release();
  } catch {
    // It cannot be made clean, so nobody gets it again.
    destroy(client);
  } finally {
    clearTimeout(timer);
  }
}

/** Cuts a connection; the server rolls back what was open on it. */
export function destroy(client: pg.PoolClient): void {
  client.connection.stream.destroy();
  client.release(true);
}
