import { InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import type { Authenticator } from 'nats';
import type { Auth } from './config.ts';

/** How to log in, with everything that takes. */
export type Credentials = Exclude<Auth, string>;

/** Asks for the secrets that are named and not given. */
export async function credentials(ctx: Pick<RunContext, 'secrets'>, auth: Auth | undefined): Promise<Credentials | undefined> {
  if (typeof auth !== 'string') return auth;
  if (auth === 'token') return { token: await ctx.secrets('NATS_TOKEN') };
  if (auth === 'nkey') return { nkeySeed: await ctx.secrets('NATS_NKEY_SEED') };
  if (auth === 'creds') return { creds: await ctx.secrets('NATS_CREDS') };
  return { user: await ctx.secrets('NATS_USER'), password: await ctx.secrets('NATS_PASSWORD') };
}

/** The client's way to answer a server's challenge. Throws `NATS_CREDENTIALS_INVALID` for a seed or a credentials file that is none. */
export function authenticator(nats: typeof import('nats'), given: Credentials): Authenticator {
  if ('token' in given) return nats.tokenAuthenticator(given.token);
  if ('user' in given) return nats.usernamePasswordAuthenticator(given.user, given.password);
  const bytes = new TextEncoder();
  if ('nkeySeed' in given) {
    const seed = bytes.encode(given.nkeySeed.trim());
    return tried(nats.nkeyAuthenticator(seed), 'the nkey seed is not the seed of a user, which begins with SU');
  }
  // Files written on Windows: the reader of the library takes line feeds alone.
  const creds = bytes.encode(`${given.creds.replaceAll('\r\n', '\n').trim()}\n`);
  return tried(nats.credsAuthenticator(creds), 'the credentials are not the text of a .creds file, which holds a JWT and a seed');
}

/** Signs once, so that what is malformed shows before a server is asked. The library's own error may quote the seed. */
function tried(authenticator: Authenticator, problem: string): Authenticator {
  try {
    authenticator('challenge');
  } catch {
    throw new InvalidInputError(`auth: ${problem}`, { code: 'NATS_CREDENTIALS_INVALID' });
  }
  return authenticator;
}
