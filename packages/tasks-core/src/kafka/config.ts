import { InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { Tls } from '../connection/tls.ts';

export const Compression = Type.Union(
  [Type.Literal('none'), Type.Literal('gzip'), Type.Literal('snappy'), Type.Literal('lz4'), Type.Literal('zstd')],
  { default: 'none', description: 'How batches are compressed; snappy needs the package "snappy", lz4 the package "lz4-napi"' },
);
export type Compression = Static<typeof Compression>;

const secret = (name: string, what: string) =>
  Type.Optional(Type.String({ minLength: 1, writeOnly: true, description: `${what}. Default: the secret ${name}` }));

export const Sasl = Type.Union(
  [
    Type.Object(
      {
        mechanism: Type.Union([Type.Literal('plain'), Type.Literal('scram-sha-256'), Type.Literal('scram-sha-512')], {
          description: 'How the password is shown; plain sends it as it is, so use it over TLS only',
        }),
        username: secret('KAFKA_USERNAME', 'User name'),
        password: secret('KAFKA_PASSWORD', 'Password'),
      },
      { additionalProperties: false },
    ),
    Type.Object(
      {
        mechanism: Type.Literal('oauthbearer', { description: 'A token of an OAuth authorization server' }),
        token: secret('KAFKA_TOKEN', 'Bearer token'),
      },
      { additionalProperties: false },
    ),
  ],
  { description: 'How to log in' },
);
export type Sasl = Static<typeof Sasl>;

/** host:port, and nothing else: credentials have their own fields. */
const BROKER = '^[^\\s:/,@]+:[0-9]{1,5}$';

/** The fields that say which cluster a kafka task talks to, and as whom. */
export const connectionFields = {
  // kafkajs cuts at the first colon, so an IPv6 address cannot be told from its port.
  brokers: Type.Array(Type.String({ pattern: BROKER }), {
    minItems: 1,
    description: 'host:port of one or more brokers; the others are learned from them',
  }),
  ssl: Type.Optional(Tls),
  sasl: Type.Optional(Sasl),
  clientId: Type.Optional(
    Type.String({ minLength: 1, default: 'maestro', description: 'Name under which brokers log and limit this client' }),
  ),
  connectTimeoutMs: Type.Optional(
    Type.Integer({ minimum: 1, default: 10_000, description: 'Milliseconds until a connection must stand, login included' }),
  ),
};

/** The only place for defaults that the code needs as well as the schema. */
export const CONNECTION_DEFAULTS = { clientId: 'maestro', connectTimeoutMs: 10_000 };

/** Throws `INVALID_INPUT` for what is no broker; without the text where that may be a password. */
export function checkBrokers(brokers: unknown): void {
  if (!Array.isArray(brokers) || brokers.length === 0) throw new InvalidInputError('brokers: expected a list of at least one host:port');
  for (const [index, broker] of brokers.entries()) {
    if (typeof broker === 'string' && new RegExp(BROKER).test(broker) && Number(broker.split(':')[1]) < 65_536) continue;
    const credentials = typeof broker === 'string' && broker.includes('@');
    const found = credentials ? 'one with credentials, which go into sasl' : JSON.stringify(broker)?.slice(0, 80);
    throw new InvalidInputError(`brokers[${index}]: expected host:port such as kafka.example.com:9092, found ${found}`);
  }
}

export interface Login {
  mechanism: Sasl['mechanism'];
  username?: string;
  password?: string;
  token?: string;
}

/** Credentials: what is given, else the secrets that are declared for it. */
export async function loginOf(ctx: Pick<RunContext, 'secrets'>, sasl: Sasl | undefined): Promise<Login | undefined> {
  if (sasl === undefined) return undefined;
  if (sasl.mechanism === 'oauthbearer') return { mechanism: sasl.mechanism, token: sasl.token ?? (await ctx.secrets('KAFKA_TOKEN')) };
  return {
    mechanism: sasl.mechanism,
    username: sasl.username ?? (await ctx.secrets('KAFKA_USERNAME')),
    password: sasl.password ?? (await ctx.secrets('KAFKA_PASSWORD')),
  };
}
