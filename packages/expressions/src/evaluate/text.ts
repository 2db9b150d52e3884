import { Failure } from '../errors.ts';

/** A timestamp as RFC 3339, in UTC, with a fraction only where there is one. */
export function timestampText(value: Date): string {
  const ms = value.getTime();
  // CEL's timestamps end with the year 9999; beyond it RFC 3339 has no text for them.
  if (!(ms >= -62_135_596_800_000 && ms <= 253_402_300_799_999)) throw new Failure('expression-value', 'the timestamp is out of range');
  return value.toISOString().replace(/\.?0*Z$/, 'Z');
}

/** A duration in seconds: `90s`, `1.5s`, `-0.25s`. */
export function durationText(value: { seconds: bigint; nanos: number }): string {
  const nanos = value.seconds * 1_000_000_000n + BigInt(value.nanos);
  const absolute = nanos < 0n ? -nanos : nanos;
  const fraction = (absolute % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${absolute / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}s`;
}

/** Standard base64 with padding. */
export function base64(bytes: Uint8Array): string {
  let binary = '';
  // In pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8_192) binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(binary);
}
