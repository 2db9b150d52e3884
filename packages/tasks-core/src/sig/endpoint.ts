import { InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { Tls } from '../connection/tls.ts';

/** Unless the input says otherwise, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 10_000;
export const TIMEOUT_MS = 30_000;

/** The secret with the token that requests carry. */
export const TOKEN_SECRET = 'SIG_TOKEN';

/** The fields of every task that talks to SIG. `secret` names the one that holds the endpoint. */
export const connectionFields = (secret: string) => ({
  endpoint: Type.Optional(
    Type.String({ minLength: 1, description: `URL of SIG, without the path of the operation. Default: the secret ${secret}` }),
  ),
  auth: Type.Optional(Type.Boolean({ default: false, description: `true: requests carry the secret ${TOKEN_SECRET} as bearer token` })),
  token: Type.Optional(
    Type.String({ minLength: 1, writeOnly: true, description: `Bearer token to carry instead of the secret ${TOKEN_SECRET}` }),
  ),
  tls: Type.Optional(Tls),
  connectTimeoutMs: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 600_000,
      default: CONNECT_TIMEOUT_MS,
      description: 'Milliseconds that connecting may take',
    }),
  ),
  timeoutMs: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 3_600_000,
      default: TIMEOUT_MS,
      description: 'Milliseconds that one request may take, its answer and its repetitions included',
    }),
  ),
});

const Fields = Type.Object(connectionFields(''));
export type ConnectionFields = Static<typeof Fields>;

/** Where SIG is and how it is talked to. */
export interface Endpoint {
  /** Without a slash at its end. May come from a secret: shown as `name` only. */
  base: string;
  /** How messages call it: `SIG at https://...`, or by the secret that says where it is. */
  name: string;
  token: string | undefined;
  tls: Tls | undefined;
  connectTimeoutMs: number;
  timeoutMs: number;
}

/** Reads the fields, and asks for the secrets they leave open. Throws `SIG_ENDPOINT_INVALID`. */
export async function endpointOf(ctx: RunContext, fields: ConnectionFields, secret: string): Promise<Endpoint> {
  const { endpoint, auth = false, token, tls, connectTimeoutMs = CONNECT_TIMEOUT_MS, timeoutMs = TIMEOUT_MS } = fields;
  const base = baseOf(endpoint ?? (await ctx.secrets(secret)), endpoint === undefined ? `secret ${secret}` : 'endpoint');
  const name = endpoint === undefined ? `SIG (secret ${secret})` : `SIG at ${base}`;
  return { base, name, token: token ?? (auth ? await ctx.secrets(TOKEN_SECRET) : undefined), tls, connectTimeoutMs, timeoutMs };
}

/** Throws `SIG_ENDPOINT_INVALID`, without showing a value that may hold a password. */
export function baseOf(value: unknown, what = 'endpoint'): string {
  const invalid = (found: string) =>
    new InvalidInputError(`${what}: expected a URL such as https://sig.example/api, found ${found}`, { code: 'SIG_ENDPOINT_INVALID' });
  let url: URL;
  try {
    url = new URL(typeof value === 'string' ? value : '');
  } catch {
    throw invalid('something that is no URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalid(`the scheme ${JSON.stringify(url.protocol)}`);
  if (url.username !== '' || url.password !== '') throw invalid('one with credentials; give them as token');
  if (url.search !== '' || url.hash !== '') throw invalid('one with a query or a fragment');
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** What a call touches, as far as that can be told without asking for secrets. */
export function endpointLabel(endpoint: string | undefined, secret: string): string {
  if (endpoint === undefined) return `\${secrets.${secret}}`;
  try {
    return baseOf(endpoint);
  } catch {
    // The call itself says what is wrong with it; until then it may hold a password.
    return 'invalid endpoint';
  }
}
