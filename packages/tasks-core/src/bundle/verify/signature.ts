import { createPublicKey, type KeyObject } from 'node:crypto';
import { InvalidInputError } from '@summit/maestro-sdk';
import { type Envelope, isSignedBy, keyId, parseEnvelope } from '../envelope.ts';
import type { Problems } from './problems.ts';

/** What is known of who vouches for a bundle. */
export interface SignatureReport {
  /**
   * `valid`: made with the given key. `invalid`: not made with it, or malformed. `unchecked`: there is one, but no key was given.
   * `missing`: there is none.
   */
  status: 'valid' | 'invalid' | 'unchecked' | 'missing';
  /** Key ids the signature names: sha256 of the public key's SPKI, hex. */
  keyIds: string[];
}

/** Reads an Ed25519 public key. Throws `PUBLIC_KEY_INVALID`. */
export function parsePublicKey(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key for ${key.asymmetricKeyType}`);
    return key;
  } catch (cause) {
    throw new InvalidInputError(`the public key is not an Ed25519 key in PEM: ${(cause as Error).message}`, {
      code: 'PUBLIC_KEY_INVALID',
      cause,
    });
  }
}

/** Checks the envelope of a manifest. Both are as they are in the bundle; `envelope` undefined: there is none. */
export function checkSignature(
  envelope: Buffer | undefined,
  manifest: Buffer,
  key: KeyObject | undefined,
  problems: Problems,
): SignatureReport {
  if (envelope === undefined) {
    if (key) problems.add('SIGNATURE_MISSING', `is not signed; a signature by key ${keyId(key)} is expected`);
    return { status: 'missing', keyIds: [] };
  }
  let parsed: Envelope;
  try {
    parsed = parseEnvelope(envelope);
  } catch (error) {
    problems.add('SIGNATURE_INVALID', `the signature is malformed: ${(error as Error).message}`);
    return { status: 'invalid', keyIds: [] };
  }
  const keyIds = parsed.signatures.map(({ keyid }) => keyid);
  if (!Buffer.from(parsed.payload, 'base64').equals(manifest)) {
    problems.add('SIGNATURE_INVALID', 'what was signed is not the manifest of this bundle');
    return { status: 'invalid', keyIds };
  }
  if (key === undefined) return { status: 'unchecked', keyIds };
  if (isSignedBy(parsed, manifest, key)) return { status: 'valid', keyIds };
  if (keyIds.includes(keyId(key))) problems.add('SIGNATURE_INVALID', `the signature by key ${keyId(key)} is wrong`);
  else problems.add('SIGNATURE_FOREIGN', `is signed by ${keyIds.join(', ') || 'nobody'}, not by the given key ${keyId(key)}`);
  return { status: 'invalid', keyIds };
}
