import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

/** Throws a 401 unless the request carries the token. */
export function checkToken(request: IncomingMessage, token: string | undefined): void {
  if (token === undefined) return;
  const digest = (value: string) => createHash('sha256').update(value).digest();
  const given = request.headers.authorization;
  if (given === undefined) {
    throw new Refusal(401, 'token_missing', 'authorization: expected a bearer token, found none', { 'www-authenticate': 'Bearer' });
  }
  if (!timingSafeEqual(digest(given), digest(`Bearer ${token}`))) {
    throw new Refusal(401, 'token_wrong', 'authorization: the bearer token is not the one that is expected', {
      'www-authenticate': 'Bearer error="invalid_token"',
    });
  }
}

/** The `Idempotency-Key`. Throws a 400 where there is none. */
export function idempotencyKey(request: IncomingMessage): string {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || key === '') {
    throw new Refusal(400, 'idempotency_key_missing', 'idempotency-key: expected a key that is the same for every repetition, found none');
  }
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Refusal(400, 'idempotency_key_invalid', 'idempotency-key: expected 1 to 255 visible ASCII characters');
  }
  return key;
}

/** The headers `x-correlation-*` by what follows. Throws a 400 where there is none. */
export function correlation(request: IncomingMessage): Record<string, string> {
  const found = withPrefix(request, 'x-correlation-');
  if (Object.keys(found).length === 0) {
    throw new Refusal(400, 'correlation_missing', 'x-correlation-*: expected at least one header that says what the request belongs to');
  }
  return found;
}

/** The headers `x-policy-*` by what follows: all three or none. */
export function policy(request: IncomingMessage): Record<string, string> | undefined {
  const found = withPrefix(request, 'x-policy-');
  const given = Object.keys(found).sort().join(', ');
  if (given === '') return undefined;
  if (given !== 'authority, license, purpose') {
    throw new Refusal(400, 'policy_invalid', `x-policy-*: expected authority, license and purpose, found ${given}`);
  }
  return found;
}

function withPrefix(request: IncomingMessage, prefix: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers)
      .filter(([name, value]) => name.startsWith(prefix) && value !== '')
      .map(([name, value]) => [name.slice(prefix.length), String(value)]),
  );
}
