import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { certificates } from './certificates.ts';
import { type GoProgram, goInstall } from './go-install.ts';
import { partial } from './partial.ts';
import { freePorts } from './ports.ts';
import { ensure, type Service, type Start } from './service.ts';

/** An S3 server (versitygw, on files), with versions and object lock. Buckets are named in the path, not in the host. */
export interface S3 {
  /** `http://127.0.0.1:<port>` */
  endpoint: string;
  region: string;
  /** Of the administrator: may do anything. */
  accessKeyId: string;
  secretAccessKey: string;
  /** A user who owns no bucket and may not make one: denied everything until a bucket's policy allows it. */
  limited: { accessKeyId: string; secretAccessKey: string };
  /** The same buckets over TLS: `https://localhost:<port>`, with a certificate of `ca`. */
  tls: { endpoint: string; ca: string };
}

const SERVER: GoProgram = { path: 'github.com/versity/versitygw/cmd/versitygw', version: 'v1.8.0' };
const HOST = '127.0.0.1';
const REGION = 'eu-central-1';
const ADMIN = { accessKeyId: 'maestro', secretAccessKey: 'not-a-secret' };
const LIMITED = { accessKeyId: 'limited', secretAccessKey: 'not-a-secret-either' };

const service: Service<S3> = {
  name: 's3',
  revision: 1,
  fromEnvironment: (env) => {
    if (!env.MAESTRO_TEST_S3_ENDPOINT) return undefined;
    return partial<S3>('MAESTRO_TEST_S3_ENDPOINT', {
      endpoint: env.MAESTRO_TEST_S3_ENDPOINT,
      region: env.MAESTRO_TEST_S3_REGION ?? REGION,
      accessKeyId: env.MAESTRO_TEST_S3_ACCESS_KEY_ID ?? ADMIN.accessKeyId,
      secretAccessKey: env.MAESTRO_TEST_S3_SECRET_ACCESS_KEY ?? ADMIN.secretAccessKey,
    });
  },
  async prepare() {
    await program();
  },
  start,
  container: {
    ready: healthy,
    facts: (port) => partial<S3>('compose.yaml', { endpoint: `http://${HOST}:${port}`, region: REGION, ...ADMIN }),
  },
};

/** An S3 server for tests; see `S3`. Started when it does not run. */
export const s3 = (): Promise<S3> => ensure(service);
export { service as s3Service };

async function program(): Promise<string> {
  const built = await goInstall(SERVER);
  if (built) return built;
  throw new Error(
    'the tests need an S3 server, which is built with Go: install Go 1.24 or newer (https://go.dev/dl), or name a server with MAESTRO_TEST_S3_ENDPOINT',
  );
}

async function start({ folder, launch }: Start): Promise<S3> {
  const [command, certs] = await Promise.all([program(), certificates()]);
  const [data, versions, users] = ['buckets', 'versions', 'users'].map((name) => join(folder, name)) as [string, string, string];
  for (const path of [data, versions, users]) mkdirSync(path);
  const accounts = { [LIMITED.accessKeyId]: { access: LIMITED.accessKeyId, secret: LIMITED.secretAccessKey, role: 'user' } };
  writeFileSync(join(users, 'users.json'), JSON.stringify({ accessAccounts: accounts }), { mode: 0o600 });
  const env = { ...process.env, ROOT_ACCESS_KEY_ID: ADMIN.accessKeyId, ROOT_SECRET_ACCESS_KEY: ADMIN.secretAccessKey };
  const serve = async (name: string, ...more: string[]): Promise<number> => {
    const [port = 0] = await freePorts(1);
    const settings = ['--port', `${HOST}:${port}`, '--region', REGION, '--iam-dir', users, '--keep-alive', '--health', '/health'];
    const args = [...settings, ...more, 'posix', '--versioning-dir', versions, data];
    await launch({ name, command, args, env, ready: () => (more.length > 0 ? accepts(port) : healthy(port)) });
    return port;
  };
  const [plain, tls] = await Promise.all([
    serve('plain'),
    serve('tls', '--cert', join(certs.folder, 'server.pem'), '--key', join(certs.folder, 'server.key')),
  ]);
  return {
    endpoint: `http://${HOST}:${plain}`,
    region: REGION,
    ...ADMIN,
    limited: LIMITED,
    tls: { endpoint: `https://localhost:${tls}`, ca: certs.ca },
  };
}

async function healthy(port: number): Promise<void> {
  const { status } = await fetch(`http://${HOST}:${port}/health`);
  if (status !== 200) throw new Error(`GET /health was answered with ${status}`);
}

/** fetch knows no authority but the usual ones: a connection has to do. */
function accepts(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, HOST, () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
}
