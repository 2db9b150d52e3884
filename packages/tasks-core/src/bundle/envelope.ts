import { createHash, type KeyObject, verify } from 'node:crypto';
import type { Signer } from '@summit/maestro-sdk';
import { isRecord } from './manifest.ts';

/** Media type of a manifest within its DSSE envelope. */
export const PAYLOAD_TYPE = 'application/vnd.maestro.disclosure+json';

/** A DSSE envelope (https://github.com/secure-systems-lab/dsse): a payload and who signed it. */
export interface Envelope {
  payloadType: string;
  /** base64 */
  payload: string;
  /** `keyid`: sha256 of the public key's SPKI, hex; `sig`: base64. */
  signatures: { keyid: string; sig: string }[];
}

/** Signs `payload` into an envelope. */
export async function seal(payload: Buffer, signer: Signer): Promise<Envelope> {
  const signature = await signer.sign(preAuthentication(PAYLOAD_TYPE, payload));
  return {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString('base64'),
    signatures: [{ keyid: signer.keyId, sig: Buffer.from(signature).toString('base64') }],
  };
}

/** Reads an envelope; throws an `Error` that says what is wrong with it. */
export function parseEnvelope(bytes: Buffer): Envelope {
  const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  if (!isRecord(value) || typeof value.payload !== 'string') throw new Error('it is not a DSSE envelope');
  if (value.payloadType !== PAYLOAD_TYPE)
    throw new Error(`its payload is of type ${JSON.stringify(value.payloadType)}, not ${PAYLOAD_TYPE}`);
  const { signatures } = value;
  if (
    !Array.isArray(signatures) ||
    !signatures.every((each) => isRecord(each) && typeof each.keyid === 'string' && typeof each.sig === 'string')
  ) {
    throw new Error('it has no list of signatures');
  }
  return value as unknown as Envelope;
}

/** True when one of the envelope's signatures over `payload` was made with the private half of `key`. */
export function isSignedBy(envelope: Envelope, payload: Buffer, key: KeyObject): boolean {
  const signed = preAuthentication(envelope.payloadType, payload);
  return envelope.signatures.some(({ sig }) => verify(null, signed, key, Buffer.from(sig, 'base64')));
}

/** sha256 of the key's SPKI (DER), hex: how signatures name it. */
export function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** What is signed: type and payload with their lengths, so that neither can be taken for a part of the other. */
function preAuthentication(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}
