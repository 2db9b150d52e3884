import type { Resource } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { Tls } from '../connection/tls.ts';
import { addressLabel, parseAddress } from './address.ts';

/** Secret that holds the connection string, where `connection` gives none. */
export const DATABASE_URL = 'DATABASE_URL';

export const CONNECT_TIMEOUT_MS = 10_000;
export const TIMEOUT_MS = 30_000;
export const POOL_SIZE = 10;

/** Fields of every task that talks to PostgreSQL. */
export const connectionFields = {
  connection: Type.Optional(
    Type.String({
      minLength: 1,
      writeOnly: true,
      description:
        'Connection string postgres://user:password@host:port/database, from a secret: ${secrets.REPORTING_DB}; one secret per database makes it a named connection. Default: the secret DATABASE_URL',
    }),
  ),
  tls: Type.Optional(Tls),
  poolSize: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, default: POOL_SIZE, description: 'Connections this worker opens to the database at most' }),
  ),
  connectTimeoutMs: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 600_000, default: CONNECT_TIMEOUT_MS, description: 'Milliseconds that connecting may take' }),
  ),
  timeoutMs: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 86_400_000,
      default: TIMEOUT_MS,
      description: 'Milliseconds that the whole call may take; what runs on the server is then cancelled',
    }),
  ),
};

/** A value for a parameter of a statement. */
export const Parameters = Type.Array(Type.Unknown(), {
  maxItems: 65_535,
  description:
    'Values for $1, $2...: strings, numbers, booleans, null; a list is an array, or JSON where the parameter is json or jsonb; an object is JSON',
});

const count = (what: string) => Type.Integer({ minimum: 0, description: what });

export const ExpectRows = Type.Union(
  [
    count('Exactly so many rows'),
    Type.Object(
      { min: Type.Optional(count('At least so many rows')), max: Type.Optional(count('At most so many rows')) },
      { additionalProperties: false },
    ),
  ],
  { description: 'How many rows there must be, as a number or { min, max }; otherwise the call fails and changes nothing' },
);
export type ExpectRows = Static<typeof ExpectRows>;

/** What the fields above are for code. */
export interface ConnectionOptions {
  connection?: string;
  tls?: Static<typeof Tls>;
  poolSize?: number;
  connectTimeoutMs?: number;
  timeoutMs?: number;
}

/** The database, or a table in it, as policy and previews see it: by host, port and name, never with its password. */
export function databaseResource(connection: string | undefined, table?: string): Resource {
  const id = connection === undefined ? DATABASE_URL : labelOf(connection);
  return table === undefined ? { type: 'postgres.database', id } : { type: 'postgres.table', id: `${id}/${table}` };
}

/** Where a run is only planned, a secret is its name yet. */
function labelOf(connection: unknown): string {
  const { $secret } = (typeof connection === 'object' && connection !== null ? connection : {}) as { $secret?: unknown };
  return typeof $secret === 'string' ? $secret : addressLabel(parseAddress(connection, 'connection'));
}
