import { type Static, Type } from '@summit/maestro-sdk/schema';
import { Tls } from '../connection/tls.ts';

/** The fields that say how the network is used, which tasks over HTTP share. */
export const connectionFields = {
  tls: Type.Optional(Tls),
  proxy: Type.Optional(
    Type.Object(
      {
        url: Type.String({ pattern: '^https?://', description: 'The proxy, e.g. http://proxy.example.org:3128' }),
        username: Type.Optional(Type.String({ description: 'User name at the proxy' })),
        password: Type.Optional(Type.String({ writeOnly: true, description: 'Password at the proxy, from a secret' })),
      },
      {
        additionalProperties: false,
        description: 'HTTP proxy that is asked to connect further; the environment is not read for one. Default: none',
      },
    ),
  ),
  connectTimeoutMs: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 600_000,
      default: 10_000,
      description: 'Longest wait for a connection, TLS included, in milliseconds',
    }),
  ),
  timeoutMs: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 86_400_000,
      default: 30_000,
      description: 'Longest time for the whole call, the body included, in milliseconds',
    }),
  ),
};

const Fields = Type.Object(connectionFields);
export type ConnectionFields = Static<typeof Fields>;
