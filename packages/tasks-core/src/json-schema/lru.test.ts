import { describe, expect, it } from 'vitest';
import { Lru } from './lru.ts';

describe('Lru', () => {
  it('forgets what was used least recently, and says so', () => {
    const evicted: number[] = [];
    const lru = new Lru<string, number>(2, (value) => evicted.push(value));
    lru.set('a', 1);
    lru.set('b', 2);
    expect(lru.get('a')).toBe(1);
    lru.set('c', 3);
    expect(evicted).toEqual([2]);
    expect([lru.get('a'), lru.get('b'), lru.get('c'), lru.size]).toEqual([1, undefined, 3, 2]);
    lru.set('a', 4);
    expect([lru.get('a'), lru.size]).toEqual([4, 2]);
  });
});
