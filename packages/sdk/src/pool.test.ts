import { describe, expect, it } from 'vitest';
import { ClientPool } from './pool.ts';

describe('ClientPool', () => {
  it('opens once for callers at the same time, and again for another key', async () => {
    const pool = new ClientPool();
    let opened = 0;
    const open = async () => ({ id: ++opened });
    const [a, b, c] = await Promise.all([pool.get('k', open, () => {}), pool.get('k', open, () => {}), pool.get('l', open, () => {})]);
    expect(a).toBe(b);
    expect(c).not.toBe(a);
    expect(opened).toBe(2);
  });

  it('forgets an open that failed, and tells all who waited for it', async () => {
    const pool = new ClientPool();
    let attempts = 0;
    const open = async () => {
      attempts += 1;
      if (attempts === 1) throw new Error('no broker');
      return 'client';
    };
    const results = await Promise.allSettled([pool.get('k', open, () => {}), pool.get('k', open, () => {})]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await pool.get('k', open, () => {})).toBe('client');
    expect(attempts).toBe(2);
  });

  it('turns an open that throws without a promise into a rejection', async () => {
    const pool = new ClientPool();
    const open = () => {
      throw new Error('at once');
    };
    await expect(pool.get('k', open, () => {})).rejects.toThrow('at once');
  });

  it('closes every client, names those that would not, and closes nothing twice', async () => {
    const pool = new ClientPool();
    const closed: string[] = [];
    for (const key of ['a', 'b', 'c']) {
      await pool.get(
        key,
        async () => key,
        async (client) => {
          if (client === 'b') throw new Error('stuck');
          closed.push(client);
        },
      );
    }
    await pool
      .get(
        'd',
        async () => Promise.reject(new Error('never opened')),
        () => {
          closed.push('d');
        },
      )
      .catch(() => {});
    await expect(pool.close()).rejects.toThrow('pooled client "b" did not close');
    expect(closed).toEqual(['a', 'c']);
    await pool.close();
    expect(closed).toEqual(['a', 'c']);
  });

  it('waits for a client that is still being opened, and closes it', async () => {
    const pool = new ClientPool();
    const { promise, resolve } = Promise.withResolvers<string>();
    let closed = '';
    const opening = pool.get(
      'k',
      () => promise,
      (client) => {
        closed = client;
      },
    );
    const closing = pool.close();
    resolve('late');
    await Promise.all([opening, closing]);
    expect(closed).toBe('late');
  });
});
