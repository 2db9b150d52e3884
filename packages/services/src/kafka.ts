import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import kafkajs, { type Admin } from 'kafkajs';
import { certificates } from './certificates.ts';
import { type FaultProxy, faultProxy } from './fault-proxy.ts';
import { kafkaJars } from './kafka-jars.ts';
import { FORBIDDEN, HOST, LIMITED, LISTENERS, PROXIED, properties, SUPER_USER, type User } from './kafka-settings.ts';
import { locked } from './lock.ts';
import { partial } from './partial.ts';
import { freePorts } from './ports.ts';
import { run } from './programs.ts';
import { ensure, type Service, type Start } from './service.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka: Client, logLevel, ResourcePatternTypes } = kafkajs;

/** One Apache Kafka broker. It makes no topic by itself. Each `brokers` is `['127.0.0.1:<port>']`. */
export interface Kafka {
  /** The listener that asks for nothing; its clients may do anything. */
  brokers: string[];
  /** TLS with a certificate of `ca`; clients may show one themselves. */
  tls: { brokers: string[]; ca: string; cert: string; key: string };
  /** TLS for clients which show this certificate. */
  mutualTls: { brokers: string[]; ca: string; cert: string; key: string };
  /** SASL without TLS: PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512, the same users by each of them. */
  sasl: {
    brokers: string[];
    /** May do anything. */
    username: string;
    password: string;
    /** May do anything, except with topics, groups and transactional ids whose names begin with `forbiddenPrefix`. */
    limited: User;
    forbiddenPrefix: string;
  };
  /** The same with TLS. */
  saslTls: { brokers: string[]; ca: string; username: string; password: string };
  /** SASL OAUTHBEARER: takes unsigned tokens (`alg: none`) with `sub`, `iat` and `exp`. `maestro` may do anything. */
  oauth: { brokers: string[]; subject: string };
  /** Listeners that say of themselves to be at `advertised`, where nothing listens: see `kafkaBehindProxy`. */
  proxied: { port: number; advertised: number }[];
}

const READY_MS = 90_000;
const LOG_SETTINGS = fileURLToPath(new URL('../kafka/log4j2.properties', import.meta.url));

const service: Service<Kafka> = {
  name: 'kafka',
  revision: 1,
  fromEnvironment: ({ MAESTRO_TEST_KAFKA_BROKERS: brokers }) =>
    brokers ? partial<Kafka>('MAESTRO_TEST_KAFKA_BROKERS', { brokers: brokers.split(',') }) : undefined,
  async prepare() {
    await kafkaJars();
  },
  start,
  container: {
    ready: (port) => administer([`${HOST}:${port}`], (admin) => admin.describeCluster()),
    facts: (port) => partial<Kafka>('compose.yaml', { brokers: [`${HOST}:${port}`] }),
  },
};

/** A Kafka broker for tests; see `Kafka`. Started when it does not run. */
export const kafka = (): Promise<Kafka> => ensure(service);
export { service as kafkaService };

/**
 * A broker that clients reach through a proxy alone: the broker names the proxy as its own address, so they come back to it. There
 * are a few of these on the machine; waits for a free one. Close `proxy` to give it back.
 */
export async function kafkaBehindProxy(): Promise<{ brokers: string[]; proxy: FaultProxy }> {
  const { proxied } = await kafka();
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await sleep(100)) {
    for (const { port, advertised } of proxied) {
      const release = await hold(`kafka-proxied-${advertised}`);
      if (release === undefined) continue;
      try {
        const proxy = await faultProxy(HOST, port, { listen: advertised });
        const close = async () => {
          await proxy.close();
          release();
        };
        return { brokers: [`${HOST}:${advertised}`], proxy: Object.create(proxy, { close: { value: close } }) as FaultProxy };
      } catch (error) {
        release();
        // Somebody who knows nothing of us has this port.
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
  }
  throw new Error(`all ${proxied.length} listeners of Kafka for proxies are in use: close those that are not needed any more`);
}

/** Takes a lock until what it resolves to is called; undefined where another test has it. A proxy that is down has no port to tell by. */
function hold(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    locked(name, () => new Promise<void>((release) => resolve(release)), 0).catch(() => resolve(undefined));
  });
}

async function start({ folder, launch }: Start): Promise<Kafka> {
  const [jars, certs] = await Promise.all([kafkaJars(), certificates()]);
  const ports = await freePorts(LISTENERS.length + PROXIED);
  const port = Object.fromEntries(LISTENERS.map((name, at) => [name, ports[at] as number]));
  const advertised = ports.slice(LISTENERS.length);
  const file = join(folder, 'server.properties');
  writeFileSync(file, properties(folder, port, advertised, certs), { mode: 0o600 });

  const java = [
    '-Xmx384m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    `${jars}/*`,
    `-Dlog4j2.configurationFile=${LOG_SETTINGS}`,
  ];
  await run('java', [...java, 'kafka.tools.StorageTool', 'format', '-c', file, '-t', randomBytes(16).toString('base64url'), ...scram()]);
  const brokers = [`${HOST}:${port.PLAIN}`];
  await launch({
    name: 'kafka',
    command: 'java',
    args: [...java, 'kafka.Kafka', file],
    ready: () => administer(brokers, (admin) => admin.describeCluster()),
    readyWithinMs: READY_MS,
  });
  await administer(brokers, forbid);

  const at = (name: string) => ({ brokers: [`${HOST}:${port[name]}`] });
  return {
    brokers,
    tls: { ...at('TLS'), ca: certs.ca, ...certs.client },
    mutualTls: { ...at('MUTUAL'), ca: certs.ca, ...certs.client },
    sasl: { ...at('SASL'), ...SUPER_USER, limited: LIMITED, forbiddenPrefix: FORBIDDEN },
    saslTls: { ...at('SASLTLS'), ca: certs.ca, ...SUPER_USER },
    oauth: { ...at('OAUTH'), subject: SUPER_USER.username },
    proxied: advertised.map((port_, index) => ({ port: port[`PROXIED${index + 1}`] as number, advertised: port_ })),
  };
}

function scram(): string[] {
  const credentials = (mechanism: string) =>
    [SUPER_USER, LIMITED].map(({ username, password }) => `${mechanism}=[name=${username},password=${password}]`);
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap(credentials).flatMap((credential) => ['--add-scram', credential]);
}

async function administer<T>(brokers: string[], work: (admin: Admin) => Promise<T>): Promise<T> {
  const settings = { brokers, logLevel: logLevel.NOTHING, connectionTimeout: 2000, requestTimeout: 5000, retry: { retries: 0 } };
  const admin = new Client(settings).admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Where a rule lets anybody in, those whom no rule names are out, other than super users. */
async function forbid(admin: Admin): Promise<void> {
  const rule = {
    resourceName: FORBIDDEN,
    resourcePatternType: ResourcePatternTypes.PREFIXED,
    principal: 'User:nobody',
    host: '*',
    operation: AclOperationTypes.ALL,
    permissionType: AclPermissionTypes.ALLOW,
  };
  const resources = [AclResourceTypes.TOPIC, AclResourceTypes.GROUP, AclResourceTypes.TRANSACTIONAL_ID];
  await admin.createAcls({ acl: resources.map((resourceType) => ({ ...rule, resourceType })) });
}
