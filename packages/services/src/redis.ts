import { once } from 'node:events';
import { connect } from 'node:net';
import { installPrograms } from './debian.ts';
import { freePorts } from './ports.ts';
import { findProgram } from './programs.ts';
import { ensure, type Service, type Start } from './service.ts';

/** A Redis server that writes every command to its file before it answers (`appendfsync always`). */
export interface Redis {
  /** `redis://127.0.0.1:<port>` */
  url: string;
}

const HOST = '127.0.0.1';

const service: Service<Redis> = {
  name: 'redis',
  revision: 1,
  fromEnvironment: ({ REDIS_URL: url }) => (url ? { url } : undefined),
  async prepare() {
    installPrograms({ 'redis-server': 'redis-server' });
  },
  start,
  container: {
    ready: () => Promise.reject(new Error('there is no container of it')),
    facts: (port) => ({ url: `redis://${HOST}:${port}` }),
  },
};

/** A Redis for measurements; see `Redis`. Started when it does not run. */
export const redis = (): Promise<Redis> => ensure(service);
export { service as redisService };

async function start({ folder, launch }: Start): Promise<Redis> {
  const [port = 0] = await freePorts(1);
  const settings = { bind: HOST, port, dir: folder, appendonly: 'yes', appendfsync: 'always', save: '', daemonize: 'no' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  await launch({ name: 'redis', command: findProgram('redis-server') ?? 'redis-server', args, ready: () => answers(port) });
  return { url: `redis://${HOST}:${port}` };
}

/** Whether a Redis listens there. */
async function answers(port: number): Promise<void> {
  const socket = connect(port, HOST);
  try {
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(2_000) })) as [Buffer];
    if (!answer.toString('latin1').startsWith('+PONG')) throw new Error('what listens there is not Redis');
  } finally {
    socket.destroy();
  }
}
