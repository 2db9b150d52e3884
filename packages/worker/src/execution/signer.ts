import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Signer, TaskError } from '@summit/maestro-sdk';

/** A signer over an Ed25519 private key in PEM (PKCS #8). Throws `SIGNING_KEY_INVALID` naming the file. */
export function fileSigner(file: string): Signer {
  try {
    const key = createPrivateKey(readFileSync(file));
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a ${key.asymmetricKeyType} key`);
    const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
    return {
      keyId: createHash('sha256').update(spki).digest('hex'),
      sign: async (data) => sign(null, data, key),
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw TaskError.terminal(
      'SIGNING_KEY_INVALID',
      `signing key ${file} is not a readable Ed25519 private key in PEM: ${why}; make one with: openssl genpkey -algorithm ed25519 -out ${file}`,
      { cause },
    );
  }
}
