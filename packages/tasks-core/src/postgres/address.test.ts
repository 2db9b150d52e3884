import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressLabel, parseAddress } from './address.ts';

describe('a connection string', () => {
  it.each([
    [
      'postgres://user:p%40ss@db.example.com/orders',
      { host: 'db.example.com', port: 5432, database: 'orders', user: 'user', password: 'p@ss', tls: false },
    ],
    ['postgresql://user@[::1]:6432', { host: '::1', port: 6432, database: 'user', user: 'user', tls: false }],
    ['postgres://user@/db?host=/run/postgresql', { host: '/run/postgresql', port: 5432, database: 'db', user: 'user', tls: false }],
    ['postgres://user@h/db?sslmode=verify-full', { host: 'h', port: 5432, database: 'db', user: 'user', tls: true }],
    ['postgres://user@h/db?sslmode=disable&application_name=x', { host: 'h', port: 5432, database: 'db', user: 'user', tls: false }],
  ])('%s', (text, expected) => {
    expect(parseAddress(text, 'connection')).toEqual(expected);
  });

  it('is named without its password', () => {
    expect(addressLabel(parseAddress('postgres://user:hunter@[::1]:6432/x', 'connection'))).toBe('[::1]:6432/x');
  });

  it('is a whole one, or an error that shows nothing of it', () => {
    const broken = fc.oneof(
      fc.string(),
      fc.string().map((text) => `postgres://${text}`),
    );
    fc.assert(
      fc.property(broken, (text) => {
        try {
          expect(parseAddress(text, 'connection').user).not.toBe('');
        } catch (error) {
          expect(error).toMatchObject({ code: 'DB_CONNECTION_INVALID' });
        }
      }),
    );
    expect(() => parseAddress('postgres://user:hunter-two@:x/', 'secret DATABASE_URL')).toThrow(
      /^secret DATABASE_URL is not a connection string(?!.*hunter)/,
    );
  });
});
