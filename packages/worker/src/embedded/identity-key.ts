import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { base58 } from '@scure/base';

/**
 * The key with which the embedded server signs its requests to the worker, made at first use (PEM, mode 600), so that no
 * other process on the machine can have the worker execute tasks. Returns the public key in Restate's form.
 */
export function identityKey(file: string): string {
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  const spki = createPublicKey(readFileSync(file)).export({ type: 'spki', format: 'der' });
  // The last 32 bytes of an Ed25519 SPKI are the key itself.
  return `publickeyv1_${base58.encode(spki.subarray(-32))}`;
}
