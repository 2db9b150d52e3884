import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';
import { InvalidInputError } from './errors.ts';

/**
 * The one text of a JSON value, by RFC 8785: no white space, keys in order of their UTF-16 code units, numbers as
 * ECMAScript prints them. What `JSON.stringify` leaves out (undefined, functions) is left out here too.
 * Throws `NOT_CANONICAL_JSON` for what has no such text: NaN, infinities, bigint, cycles, lone surrogates, undefined itself.
 */
export function canonicalJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidInputError(`value has no canonical JSON (RFC 8785): ${why}`, { code: 'NOT_CANONICAL_JSON', cause });
  }
  if (text === undefined) {
    throw new InvalidInputError(`value has no canonical JSON (RFC 8785): expected a JSON value, found ${typeof value}`, {
      code: 'NOT_CANONICAL_JSON',
    });
  }
  return text;
}

/**
 * sha256 of `data` as 64 lower-case hex digits; a string is hashed as UTF-8.
 * In pure JavaScript, so that digests are made synchronously and in browsers too. For streams and files use `node:crypto`, which is nine times as fast.
 */
export function sha256Hex(data: string | Uint8Array): string {
  return bytesToHex(sha256(typeof data === 'string' ? utf8ToBytes(data) : data));
}
