import { type ConnectionOptions, createSecureContext } from 'node:tls';
import { InvalidInputError } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';

const pem = (what: string) => ({ minLength: 1, description: `${what}, as PEM text` });

/** How a connector's connection is encrypted. There is no way to leave out the check of the server's certificate. */
export const Tls = Type.Union(
  [
    Type.Boolean({ description: 'true: encrypted, with the certificate authorities that Node knows' }),
    Type.Object(
      {
        ca: Type.Optional(Type.String(pem('Certificate authorities to trust instead of those that Node knows'))),
        cert: Type.Optional(Type.String(pem('Client certificate, with its chain'))),
        key: Type.Optional(Type.String({ ...pem('Private key of the client certificate, from a secret'), writeOnly: true })),
        serverName: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'Name the certificate of the server must have. Default: the host that is connected to',
          }),
        ),
      },
      { additionalProperties: false },
    ),
  ],
  { description: 'Encryption of the connection; certificates and keys are PEM texts' },
);
export type Tls = Static<typeof Tls>;

/**
 * What `node:tls` is given for it; undefined when the connection is not encrypted.
 * Throws `TLS_INVALID` where a text is no PEM, or a certificate and a key do not belong together.
 */
export function tlsOptions(tls: Tls | undefined): ConnectionOptions | undefined {
  if (tls === undefined || tls === false) return undefined;
  if (tls === true) return {};
  const { ca, cert, key, serverName } = tls;
  if ((cert === undefined) !== (key === undefined)) {
    throw wrong(`tls: a client certificate needs both cert and key, found only ${cert === undefined ? 'key' : 'cert'}`);
  }
  check({ ca }, 'tls.ca is not a PEM certificate');
  check({ cert, key }, 'tls.cert and tls.key are not a PEM certificate and its private key');
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert, key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

function check(material: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined }, problem: string): void {
  const given = Object.fromEntries(Object.entries(material).filter(([, text]) => text !== undefined));
  if (Object.keys(given).length === 0) return;
  // OpenSSL passes over a CA text without any certificate in it.
  if (material.ca !== undefined && !material.ca.includes('-----BEGIN CERTIFICATE-----')) throw wrong(problem);
  try {
    createSecureContext(given);
  } catch (cause) {
    throw wrong(`${problem}: ${(cause as Error).message}`, cause);
  }
}

function wrong(message: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError(message, { code: 'TLS_INVALID', ...(cause === undefined ? {} : { cause }) });
}
