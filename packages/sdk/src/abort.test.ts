import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { abortable, abortableSleep, orAbort } from './abort.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('orAbort', () => {
  it('leaves no listener behind, however it ends', async () => {
    const { signal } = new AbortController();
    await orAbort(Promise.resolve(1), signal);
    await expect(orAbort(Promise.reject(new Error('x')), signal)).rejects.toThrow('x');
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('rejects with the reason, whatever that is', async () => {
    await expect(orAbort(new Promise(() => {}), AbortSignal.abort('because'))).rejects.toBe('because');
  });
});

describe('abortableSleep', () => {
  it('ends at once when it is aborted, and frees its timer', async () => {
    vi.useFakeTimers();
    const controller = new AbortController();
    const sleeping = abortableSleep(60_000, controller.signal);
    expect(vi.getTimerCount()).toBe(1);
    controller.abort(new Error('cancelled'));
    await expect(sleeping).rejects.toThrow('cancelled');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sleeps longer than a single timer can', async () => {
    vi.useFakeTimers();
    const month = 30 * 24 * 60 * 60 * 1000;
    let over = false;
    const sleeping = abortableSleep(month, new AbortController().signal).then(() => {
      over = true;
    });
    await vi.advanceTimersByTimeAsync(month - 1_000);
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    await sleeping;
    expect(over).toBe(true);
  });

  it.each([-1, Number.NaN, '5' as unknown as number, undefined as unknown as number])('refuses %s', async (ms) => {
    await expect(abortableSleep(ms, new AbortController().signal)).rejects.toThrow('ms must be >= 0');
  });
});

describe('abortable', () => {
  it('ends a source that does not answer', async () => {
    const controller = new AbortController();
    const hanging: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: () => new Promise(() => {}) }),
    };
    const reading = (async () => {
      for await (const _ of abortable(hanging, controller.signal)) throw new Error('nothing comes');
    })();
    controller.abort(new Error('stop'));
    await expect(reading).rejects.toThrow('stop');
  });

  it('lets the source clean up when its reader stops, and does not call it back when it has ended itself', async () => {
    let returned = 0;
    const source = (fail: boolean): AsyncIterable<number> => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          if (fail) throw new Error('broken');
          return { done: false, value: 1 };
        },
        return: async () => {
          returned += 1;
          return { done: true, value: undefined };
        },
      }),
    });
    for await (const _ of abortable(source(false), new AbortController().signal)) break;
    expect(returned).toBe(1);
    await expect(
      (async () => {
        for await (const _ of abortable(source(true), undefined)) break;
      })(),
    ).rejects.toThrow('broken');
    expect(returned).toBe(1);
  });

  it('keeps no listener per chunk', async () => {
    const { signal } = new AbortController();
    let most = 0;
    async function* source() {
      for (let i = 0; i < 100; i++) yield i;
    }
    for await (const _ of abortable(source(), signal)) most = Math.max(most, getEventListeners(signal, 'abort').length);
    expect(most).toBeLessThanOrEqual(1);
  });
});
