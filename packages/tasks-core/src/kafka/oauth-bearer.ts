import type { Mechanism } from 'kafkajs';

/** What ends a login that the broker has refused, so that it says so. */
const ACKNOWLEDGED = Buffer.from([1]);

/**
 * OAUTHBEARER (RFC 7628). kafkajs's own takes the broker's refusal for a success, and the next request finds a closed connection;
 * this one hears it out, and the broker's error comes as one of authentication.
 */
export function oauthBearer(token: string): Mechanism {
  const first = Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`, 'utf8');
  // Both ways the bytes of SASL come with their length.
  const answer = { decode: (raw: Buffer) => raw, parse: (data: Buffer) => data.readInt32BE(0) > 0 };
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ saslAuthenticate }) => ({
      async authenticate() {
        const refusal = await saslAuthenticate({ request: { encode: () => withLength(first) }, response: answer });
        if (refusal) await saslAuthenticate({ request: { encode: () => withLength(ACKNOWLEDGED) }, response: answer });
      },
    }),
  };
}

function withLength(bytes: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
