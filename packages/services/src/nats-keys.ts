import { createHash } from 'node:crypto';
import { createAccount, createOperator, createUser, type KeyPair } from 'nkeys.js';

/** Everything about a server whose users are known by JWTs: what it is configured with, and the user of the tests. */
export interface JwtSetup {
  /** The operator's JWT. */
  operator: string;
  /** Public key of the system account, which JetStream wants. */
  systemAccount: string;
  /** Public key -> JWT of every account. */
  accounts: Record<string, string>;
  /** The user's JWT. */
  user: string;
  /** The user's seed. */
  seed: string;
  /** The text of the user's credentials file. */
  creds: string;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** A new key of a user. */
export function nkeyPair(): { publicKey: string; seed: string } {
  const pair = createUser();
  return { publicKey: pair.getPublicKey(), seed: text(pair.getSeed()) };
}

export function jwtSetup(): JwtSetup {
  const [operator, account, system, user] = [createOperator(), createAccount(), createAccount(), createUser()];
  const limits = { subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1, wildcards: true };
  const jetstream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1, max_ack_pending: -1 };
  const ofAccount = (subject: KeyPair, name: string, more = {}) =>
    sign(operator, subject, name, { type: 'account', limits: { ...limits, ...more }, default_permissions: { pub: {}, sub: {} } });
  const userJwt = sign(account, user, 'maestro', { type: 'user', pub: {}, sub: {}, subs: -1, data: -1, payload: -1 });
  const seed = text(user.getSeed());
  return {
    operator: sign(operator, operator, 'maestro', { type: 'operator', system_account: system.getPublicKey() }),
    systemAccount: system.getPublicKey(),
    accounts: {
      [account.getPublicKey()]: ofAccount(account, 'tests', jetstream),
      [system.getPublicKey()]: ofAccount(system, 'system'),
    },
    user: userJwt,
    seed,
    creds: `${armoured('NATS USER JWT', userJwt)}\n${armoured('USER NKEY SEED', seed)}`,
  };
}

/** NATS signs JWTs with its own Ed25519 keys; `jti` is a digest of the claims without it. */
function sign(issuer: KeyPair, subject: KeyPair, name: string, nats: object): string {
  const claims = {
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name,
    nats: { ...nats, version: 2 },
  };
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex');
  const encoded = [
    { typ: 'JWT', alg: 'ed25519-nkey' },
    { jti, ...claims },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const signed = encoded.join('.');
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}

function armoured(what: string, content: string): string {
  return `-----BEGIN ${what}-----\n${content}\n------END ${what}------\n`;
}
