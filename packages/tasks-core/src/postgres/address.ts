import { InvalidInputError } from '@summit/maestro-sdk';

/** Where a PostgreSQL database is, and as whom it is used. */
export interface Address {
  host: string;
  port: number;
  database: string;
  user: string;
  password?: string;
  /** Whether the connection string asks for TLS. */
  tls: boolean;
}

/** How libpq's sslmode is read: whatever encrypts also checks the certificate, as node-postgres does. */
const SSL_MODES: Record<string, boolean> = { disable: false, prefer: true, require: true, 'verify-ca': true, 'verify-full': true };

/**
 * Reads `postgres://user:password@host:port/database?sslmode=verify-full`. Nothing comes from the environment or from files.
 * Throws `DB_CONNECTION_INVALID`, which shows nothing of the text: it holds a password.
 */
export function parseAddress(text: unknown, from: string): Address {
  const wrong = (problem: string) =>
    new InvalidInputError(`${from} ${problem}; expected postgres://user:password@host:port/database`, { code: 'DB_CONNECTION_INVALID' });
  if (typeof text !== 'string' || text.trim() === '') throw wrong('is empty');
  if (/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text.trim())) {
    throw wrong('is a name, not a connection string; to use the secret of that name write it as a reference, ${secrets.NAME}');
  }
  let url: URL;
  try {
    // Without a host, as where a socket is used, it would be no URL.
    url = new URL(text.trim().replace(/^(postgres(?:ql)?:\/\/(?:[^/?#@]*@)?)(?=[/?]|$)/, '$1localhost'));
  } catch {
    // The cause would show the text.
    throw wrong('is not a connection string (are special characters of user and password percent-encoded, and is there one host only?)');
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') throw wrong('does not begin with postgres://');
  if (url.hostname.includes(',')) throw wrong('names several hosts; one is used');
  let tls = false;
  let socket: string | undefined;
  for (const [name, value] of url.searchParams) {
    if (name === 'sslmode') {
      if (!Object.hasOwn(SSL_MODES, value)) throw wrong(`has an sslmode that is not one of ${Object.keys(SSL_MODES).join(', ')}`);
      tls = SSL_MODES[value] as boolean;
    } else if (name === 'host' && value.startsWith('/')) socket = value;
    else if (name !== 'application_name' && name !== 'connect_timeout') {
      throw wrong(
        `has the parameter ${JSON.stringify(name.slice(0, 40))}, which is not read; certificates are given in tls, and known are sslmode and host (a socket's folder)`,
      );
    }
  }
  const decode = (part: string, name: string) => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw wrong(`has a ${name} that is not percent-encoded`);
    }
  };
  const user = decode(url.username, 'user');
  if (user === '') throw wrong('names no user');
  const password = decode(url.password, 'password');
  return {
    host: socket ?? (decode(url.hostname, 'host').replace(/^\[(.*)\]$/, '$1') || 'localhost'),
    port: url.port === '' ? 5432 : Number(url.port),
    database: decode(url.pathname.slice(1), 'database') || user,
    user,
    ...(password === '' ? {} : { password }),
    tls,
  };
}

/** How the database is named in messages: `host:port/database`. */
export function addressLabel({ host, port, database }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}
