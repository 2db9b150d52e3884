import { once } from 'node:events';
import { chownSync, copyFileSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificates, certificates } from './certificates.ts';
import { installPrograms } from './debian.ts';
import { partial } from './partial.ts';
import { freePorts } from './ports.ts';
import { findProgram, run } from './programs.ts';
import { ensure, type Service, type Start } from './service.ts';

/** A PostgreSQL server on which nothing is safe from a crash, which makes it fast. It takes connections with and without TLS. */
export interface Postgres {
  /** `postgresql://user:password@host:port/database` of a superuser. */
  url: string;
  host: string;
  port: number;
  database: string;
  /** A superuser, with a password that is checked by SCRAM-SHA-256. */
  user: string;
  password: string;
  /** A role that may log in and do nothing more than PUBLIC may. */
  limited: { url: string; user: string; password: string };
  tls: {
    /** The authority that signed the server's certificate, PEM. */
    ca: string;
    /** A role that is let in over TLS alone. */
    required: { url: string; user: string; password: string };
    /** A role without a password, let in with this client certificate alone. */
    certificate: { url: string; user: string; cert: string; key: string };
  };
}

const HOST = '127.0.0.1';
const DATABASE = 'maestro';
const PASSWORD = 'not-a-secret';
const CLIENT = 'maestro-client';

const service: Service<Postgres> = {
  name: 'postgres',
  revision: 1,
  fromEnvironment: ({ MAESTRO_TEST_POSTGRES_URL: text }) => {
    if (!text) return undefined;
    const url = new URL(text);
    const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    const place = { host: url.hostname, port: Number(url.port || 5432), database: url.pathname.slice(1) };
    return partial<Postgres>('MAESTRO_TEST_POSTGRES_URL', { url: text, user, password, ...place });
  },
  async prepare() {
    installPrograms(
      { postgres: 'postgresql', psql: 'postgresql-client' },
      {
        find: findServer,
        // Debian's package starts a server of its own unless told not to.
        before:
          'apt postgresql-common && sed -i "s/^#\\?create_main_cluster.*/create_main_cluster = false/" /etc/postgresql-common/createcluster.conf',
      },
    );
  },
  start,
  container: {
    ready: speaksPostgres,
    facts: (port) => {
      const { url, user, password } = role(port, 'maestro');
      return partial<Postgres>('compose.yaml', { url, user, password, host: HOST, port, database: DATABASE });
    },
  },
};

/** A PostgreSQL for tests; see `Postgres`. Started when it does not run. */
export const postgres = (): Promise<Postgres> => ensure(service);
export { service as postgresService };

const durable: Service<Postgres> = {
  ...service,
  name: 'postgres-durable',
  fromEnvironment: ({ MAESTRO_TEST_POSTGRES_DURABLE_URL: text }) =>
    text ? service.fromEnvironment({ MAESTRO_TEST_POSTGRES_URL: text }) : undefined,
  start: (context) => start(context, DURABLE),
};

/** The same with nothing turned off that makes it safe from a crash: for measurements. */
export const durablePostgres = (): Promise<Postgres> => ensure(durable);
export { durable as durablePostgresService };

async function start({ launch, alsoRemove }: Start, more: Record<string, string> = {}): Promise<Postgres> {
  const as = await unprivileged();
  // The server's own user must get there, which the cache of another user does not allow.
  const folder = mkdtempSync(join(tmpdir(), 'maestro-postgres-'));
  alsoRemove(folder);
  const certs = await certificates();
  const data = join(folder, 'data');
  if (as) chownSync(folder, as.uid, as.gid);
  const options = { cwd: folder, ...(as ? { as } : {}) };
  await run(server('initdb'), ['-D', data, '-U', 'maestro', '-A', 'trust', '-E', 'UTF8', '--locale', 'C', '--no-sync'], options);
  for (const name of ['ca.pem', 'server.pem', 'server.key']) {
    copyFileSync(join(certs.folder, name), join(data, name));
    if (as) chownSync(join(data, name), as.uid, as.gid);
  }
  writeFileSync(join(data, 'pg_hba.conf'), RULES);
  const [port = 0] = await freePorts(1);
  const settings = Object.entries({ ...SETTINGS, ...more, port, unix_socket_directories: folder }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const psql = (...args: string[]) =>
    run(server('psql'), ['-h', folder, '-p', `${port}`, '-U', 'maestro', '-v', 'ON_ERROR_STOP=1', ...args]);
  await launch({
    name: 'postgres',
    command: server('postgres'),
    args: ['-D', data, ...settings],
    ...(as ? { as } : {}),
    ready: () => psql('-d', 'postgres', '-c', 'select 1'),
  });
  await psql('-d', 'postgres', '-c', `create database ${DATABASE}`);
  await psql('-d', DATABASE, '-c', ROLES);
  return facts(port, certs);
}

function facts(port: number, { ca, client }: Certificates): Postgres {
  return {
    ...role(port, 'maestro'),
    host: HOST,
    port,
    database: DATABASE,
    limited: role(port, 'limited'),
    tls: { ca, required: role(port, 'tls_only'), certificate: { url: url(port, CLIENT), user: CLIENT, ...client } },
  };
}

const url = (port: number, login: string) => `postgresql://${login}@${HOST}:${port}/${DATABASE}`;
const role = (port: number, user: string) => ({ url: url(port, `${user}:${PASSWORD}`), user, password: PASSWORD });

/** Whether a PostgreSQL server listens there: it answers the question for TLS with a letter, once it takes connections. */
async function speaksPostgres(port: number): Promise<void> {
  const socket = connect(port, HOST);
  try {
    socket.write(SSL_REQUEST);
    const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(2000) })) as [Buffer];
    if (!/^[SN]$/.test(answer.toString('latin1'))) throw new Error('what listens there is not PostgreSQL');
  } finally {
    socket.destroy();
  }
}

/** Its length and its code, by the protocol. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', shared_buffers: '256MB' };

const SETTINGS = {
  listen_addresses: HOST,
  max_connections: 200,
  shared_buffers: '32MB',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  password_encryption: 'scram-sha-256',
  ssl: 'on',
  ssl_ca_file: 'ca.pem',
  ssl_cert_file: 'server.pem',
  ssl_key_file: 'server.key',
};

const RULES = `
local     all all                    trust
hostssl   all tls_only         all   scram-sha-256
host      all tls_only         all   reject
hostssl   all ${CLIENT}   all   cert
host      all ${CLIENT}   all   reject
host      all all              all   scram-sha-256
`;

const ROLES = `
alter role maestro password '${PASSWORD}';
create role limited login password '${PASSWORD}';
create role tls_only login password '${PASSWORD}';
create role "${CLIENT}" login;
`;

const server = (program: string): string => findServer(program) ?? program;

/** Debian keeps the server's programs off PATH, in a folder per version: the newest, else PATH. */
function findServer(program: string): string | undefined {
  return findProgram(program, versionFolders()) ?? findProgram(program);
}

function versionFolders(): string[] {
  const root = '/usr/lib/postgresql';
  try {
    const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(root, version, 'bin'));
  } catch {
    // Not Debian, or not installed.
    return [];
  }
}

/** PostgreSQL refuses to run as root: then as the user that its package made. */
async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number(await run('id', [flag, 'postgres']))));
  return { uid: uid as number, gid: gid as number };
}
