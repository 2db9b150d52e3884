import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificates } from './certificates.ts';

export interface User {
  username: string;
  password: string;
}

export const HOST = '127.0.0.1';
export const SUPER_USER: User = { username: 'maestro', password: 'not-a-secret' };
export const LIMITED: User = { username: 'limited', password: 'not-a-secret-either' };
export const FORBIDDEN = 'forbidden-';

/** How many tests may have a broker behind a proxy at the same time. */
export const PROXIED = 8;

const PROTOCOLS: Record<string, string> = {
  CONTROLLER: 'PLAINTEXT',
  PLAIN: 'PLAINTEXT',
  TLS: 'SSL',
  MUTUAL: 'SSL',
  SASL: 'SASL_PLAINTEXT',
  SASLTLS: 'SASL_SSL',
  OAUTH: 'SASL_PLAINTEXT',
  ...Object.fromEntries(Array.from({ length: PROXIED }, (_, at) => [`PROXIED${at + 1}`, 'PLAINTEXT'])),
};

/** The names of the listeners, each of which needs a port. */
export const LISTENERS: readonly string[] = Object.keys(PROTOCOLS);

/** The text of server.properties for a broker which is its own controller. `advertised`: the ports that PROXIED listeners name. */
export function properties(folder: string, port: Record<string, number>, advertised: number[], certs: Certificates): string {
  const address = (name: string, at: number | undefined) => `${name}://${HOST}:${at}`;
  const clients = LISTENERS.filter((name) => name !== 'CONTROLLER');
  const named = (name: string) => (name.startsWith('PROXIED') ? advertised[Number(name.slice('PROXIED'.length)) - 1] : port[name]);
  writeFileSync(join(folder, 'server-with-key.pem'), `${certs.server.key}${certs.server.cert}`, { mode: 0o600 });
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${HOST}:${port.CONTROLLER}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAIN',
    listeners: LISTENERS.map((name) => address(name, port[name])).join(),
    'advertised.listeners': clients.map((name) => address(name, named(name))).join(),
    'listener.security.protocol.map': LISTENERS.map((name) => `${name}:${PROTOCOLS[name]}`).join(),
    'log.dirs': join(folder, 'data'),
    ...SMALL,
    ...access(),
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(folder, 'server-with-key.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(certs.folder, 'ca.pem'),
    'ssl.client.auth': 'requested',
    'listener.name.mutual.ssl.client.auth': 'required',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** One copy of everything, few threads and small buffers; no waiting for other members of a group. */
const SMALL = {
  'auto.create.topics.enable': false,
  'num.partitions': 1,
  'default.replication.factor': 1,
  'offsets.topic.num.partitions': 1,
  'offsets.topic.replication.factor': 1,
  'transaction.state.log.num.partitions': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'group.initial.rebalance.delay.ms': 0,
  'num.network.threads': 1,
  'num.io.threads': 2,
  'log.index.size.max.bytes': 1_048_576,
  'log.cleaner.dedupe.buffer.size': 4_194_304,
};

/** Users of SASL by each mechanism, and what they may do. */
function access(): Record<string, string> {
  const users = [SUPER_USER, LIMITED].map(({ username, password }) => `user_${username}="${password}"`).join(' ');
  const common = 'org.apache.kafka.common.security';
  const plain = `${common}.plain.PlainLoginModule required ${users};`;
  const scram = `${common}.scram.ScramLoginModule required;`;
  const oauth = `${common}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`;
  const settings: Record<string, string> = {
    'listener.name.oauth.sasl.enabled.mechanisms': 'OAUTHBEARER',
    'listener.name.oauth.oauthbearer.sasl.jaas.config': oauth,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:ANONYMOUS;User:${SUPER_USER.username};User:CN=maestro-client`,
    'allow.everyone.if.no.acl.found': 'true',
  };
  for (const listener of ['sasl', 'sasltls']) {
    settings[`listener.name.${listener}.sasl.enabled.mechanisms`] = 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512';
    settings[`listener.name.${listener}.plain.sasl.jaas.config`] = plain;
    for (const mechanism of ['scram-sha-256', 'scram-sha-512']) settings[`listener.name.${listener}.${mechanism}.sasl.jaas.config`] = scram;
  }
  return settings;
}
