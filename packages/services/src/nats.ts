import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Certificates, certificates } from './certificates.ts';
import { installPrograms } from './debian.ts';
import { type GoProgram, goInstall } from './go-install.ts';
import { type JwtSetup, jwtSetup, nkeyPair } from './nats-keys.ts';
import { partial } from './partial.ts';
import { freePorts } from './ports.ts';
import { findProgram } from './programs.ts';
import { ensure, type Service, type Start } from './service.ts';

/** NATS servers, each with JetStream and a store of its own. Every `url` is `nats://127.0.0.1:<port>`, without credentials. */
export interface Nats {
  /** The server that asks for nothing. */
  url: string;
  /** A server with users. */
  password: {
    url: string;
    user: string;
    password: string;
    /** A user that may publish to `allowed.>` alone (and to what JetStream's API needs), and subscribe to everything. */
    limited: { user: string; password: string };
    /** A user of the same server that signs with this seed. */
    nkey: { publicKey: string; seed: string };
  };
  /** A server that wants a token. */
  token: { url: string; token: string };
  /** A server with an operator, accounts and users as JWTs. `creds` is the text of a credentials file. */
  jwt: { url: string; creds: string; jwt: string; seed: string };
  /** A server that speaks TLS alone, with a certificate of `ca`; clients need none. */
  tls: { url: string; ca: string };
  /** A server that wants a certificate of its clients too. */
  mutualTls: { url: string; ca: string; cert: string; key: string };
}

const SERVER: GoProgram = { path: 'github.com/nats-io/nats-server/v2', version: 'v2.15.2' };
const HOST = '127.0.0.1';
const PASSWORD = 'not-a-secret';

const service: Service<Nats> = {
  name: 'nats',
  revision: 1,
  fromEnvironment: ({ MAESTRO_TEST_NATS_URL: url }) => (url ? partial<Nats>('MAESTRO_TEST_NATS_URL', { url }) : undefined),
  async prepare() {
    await program();
  },
  start,
  container: { ready: answers, facts: (port) => partial<Nats>('compose.yaml', { url: `nats://${HOST}:${port}` }) },
};

/** NATS servers for tests; see `Nats`. Started when they do not run. */
export const nats = (): Promise<Nats> => ensure(service);
export { service as natsService };

/** The pinned release, built; Debian's (which may be years older) where there is no Go. */
async function program(): Promise<string> {
  const built = await goInstall(SERVER);
  if (built) return built;
  installPrograms({ 'nats-server': 'nats-server' }, { find: fromDebian });
  return fromDebian('nats-server') ?? 'nats-server';
}

/** Debian puts it where only root's PATH looks. */
const fromDebian = (name: string): string | undefined => findProgram(name) ?? findProgram(name, ['/usr/sbin']);

async function start({ folder, launch }: Start): Promise<Nats> {
  const [command, certs] = await Promise.all([program(), certificates()]);
  const user = nkeyPair();
  const jwt = jwtSetup();
  const ports = await freePorts(6);
  const servers = Object.entries(configurations(certs, user.publicKey, jwt));
  const urls = servers.map(async ([name, settings], at) => {
    const port = ports[at] as number;
    const file = join(folder, `${name}.conf`);
    const jetstream = { store_dir: join(folder, name), max_memory_store: 268_435_456, max_file_store: 4_294_967_296 };
    writeFileSync(file, JSON.stringify({ host: HOST, port, server_name: name, jetstream, ...settings }, undefined, 2));
    await launch({ name, command, args: ['-c', file], ready: () => answers(port) });
    return [name, `nats://${HOST}:${port}`] as const;
  });
  const url = Object.fromEntries(await Promise.all(urls)) as Record<keyof ReturnType<typeof configurations>, string>;
  return {
    url: url.plain,
    password: {
      url: url.password,
      user: 'maestro',
      password: PASSWORD,
      limited: { user: 'limited', password: PASSWORD },
      nkey: user,
    },
    token: { url: url.token, token: PASSWORD },
    jwt: { url: url.jwt, creds: jwt.creds, jwt: jwt.user, seed: jwt.seed },
    tls: { url: url.tls, ca: certs.ca },
    mutualTls: { url: url.mutualTls, ca: certs.ca, ...certs.client },
  };
}

/** What the servers differ in. */
function configurations({ folder }: Certificates, nkey: string, jwt: JwtSetup) {
  const tls = { cert_file: join(folder, 'server.pem'), key_file: join(folder, 'server.key') };
  const permissions = { publish: ['allowed.>', '$JS.API.>', '_INBOX.>'], subscribe: ['>'] };
  const users = [{ user: 'maestro', password: PASSWORD }, { user: 'limited', password: PASSWORD, permissions }, { nkey }];
  return {
    plain: {},
    password: { authorization: { users } },
    token: { authorization: { token: PASSWORD } },
    jwt: { operator: jwt.operator, system_account: jwt.systemAccount, resolver: 'MEMORY', resolver_preload: jwt.accounts },
    tls: { tls },
    mutualTls: { tls: { ...tls, ca_file: join(folder, 'ca.pem'), verify: true } },
  };
}

/** Every NATS server greets with INFO, before any encryption or authentication. */
async function answers(port: number): Promise<void> {
  const socket = connect(port, HOST);
  try {
    const lines = createInterface({ input: socket });
    const [line] = (await Promise.race([once(lines, 'line'), once(socket, 'error').then(([error]) => Promise.reject(error))])) as [string];
    if (!line.startsWith('INFO ')) throw new Error(`a NATS server greets with INFO, this one with ${line}`);
  } finally {
    socket.destroy();
  }
}
