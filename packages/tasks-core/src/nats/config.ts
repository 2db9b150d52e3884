import { InvalidInputError } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { Tls } from '../connection/tls.ts';

const secret = (description: string) => Type.String({ minLength: 1, writeOnly: true, description });

const Auth = Type.Union(
  [
    Type.Literal('token', { description: 'The secret NATS_TOKEN' }),
    Type.Literal('user', { description: 'The secrets NATS_USER and NATS_PASSWORD' }),
    Type.Literal('nkey', { description: 'The secret NATS_NKEY_SEED' }),
    Type.Literal('creds', { description: 'The secret NATS_CREDS' }),
    Type.Object({ token: secret('The token') }, { additionalProperties: false }),
    Type.Object(
      { user: Type.String({ minLength: 1, description: 'The user' }), password: secret('The password') },
      { additionalProperties: false },
    ),
    Type.Object({ nkeySeed: secret('Seed of the nkey that signs the challenge of the server, SU...') }, { additionalProperties: false }),
    Type.Object({ creds: secret('Text of a .creds file: the JWT of the user and the seed of its nkey') }, { additionalProperties: false }),
  ],
  {
    description:
      'How to log in: by name, with the secrets NATS_TOKEN, NATS_USER and NATS_PASSWORD, NATS_NKEY_SEED or NATS_CREDS, or with values taken from other secrets',
  },
);
export type Auth = Static<typeof Auth>;

/** Secrets that `auth` asks for where it names a way and gives no value. */
export const SECRETS = ['NATS_TOKEN', 'NATS_USER', 'NATS_PASSWORD', 'NATS_NKEY_SEED', 'NATS_CREDS'];

/** A server: `host`, `host:port`, or either after `nats://` or `tls://`; credentials have no place in it. */
const SERVER = '^(?:(?:nats|tls)://)?(?:\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?/?$';

const Server = Type.String({ pattern: SERVER, description: 'host:port; the port is 4222 unless given' });

/** What a connection is made from. */
export const connectionFields = {
  servers: Type.Union([Server, Type.Array(Server, { minItems: 1, maxItems: 50, description: 'Servers of one cluster' })], {
    description: 'Server, or servers of a cluster, of which one is taken at random; tls:// asks for encryption',
  }),
  auth: Type.Optional(Auth),
  tls: Type.Optional(Tls),
  tlsFirst: Type.Optional(
    Type.Boolean({ default: false, description: 'TLS from the first byte, as a server with handshake_first wants it; needs tls' }),
  ),
  inboxPrefix: Type.Optional(
    Type.String({
      pattern: '^[^\\s.*>]+(?:\\.[^\\s.*>]+)*$',
      maxLength: 100,
      description: 'Where JetStream answers to; for users that may not subscribe to _INBOX.>. Default: _INBOX',
    }),
  ),
  connectTimeoutMs: Type.Optional(
    Type.Integer({ minimum: 1, default: 10_000, description: 'Milliseconds until a connection must be there' }),
  ),
};

const Connection = Type.Object(connectionFields);
export type ConnectionFields = Static<typeof Connection>;

/** Throws `INVALID_INPUT` for what is no server; without the text where that may be a password. */
export function checkServers(given: unknown): void {
  const servers = [given].flat();
  if (servers.length === 0) throw new InvalidInputError('servers: expected at least one host:port');
  for (const [index, server] of servers.entries()) {
    if (typeof server === 'string' && new RegExp(SERVER).test(server) && Number(/:(\d+)\/?$/.exec(server)?.[1] ?? 1) < 65_536) continue;
    const which = Array.isArray(given) ? `servers[${index}]` : 'servers';
    const credentials = typeof server === 'string' && server.includes('@');
    const found = credentials ? 'one with credentials, which go into auth' : JSON.stringify(server)?.slice(0, 80);
    throw new InvalidInputError(`${which}: expected host:port, after nats:// or tls:// at most, found ${found}`);
  }
}
