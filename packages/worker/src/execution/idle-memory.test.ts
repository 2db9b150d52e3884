import { afterEach, describe, expect, it, vi } from 'vitest';
import { IdleMemory } from './idle-memory.ts';

afterEach(() => {
  vi.useRealTimers();
});

function begin(memory: IdleMemory, executions: number): void {
  for (let n = 0; n < executions; n++) memory.used();
}

describe('memory of a worker', () => {
  it('is given back when nothing has begun for a while, once for each burst', async () => {
    vi.useFakeTimers();
    const collect = vi.fn(async () => {});
    const memory = new IdleMemory(undefined, collect);
    begin(memory, 200);
    await vi.advanceTimersByTimeAsync(4_000);
    memory.used();
    await vi.advanceTimersByTimeAsync(4_000);
    expect(collect).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(collect).toHaveBeenCalledTimes(1);
    begin(memory, 200);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(collect).toHaveBeenCalledTimes(2);
  });

  it('is left alone after a few executions, and when the worker has stopped', async () => {
    vi.useFakeTimers();
    const collect = vi.fn(async () => {});
    const memory = new IdleMemory(undefined, collect);
    begin(memory, 199);
    await vi.advanceTimersByTimeAsync(60_000);
    begin(memory, 1);
    memory.close();
    begin(memory, 200);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(collect).not.toHaveBeenCalled();
  });

  it('says why it is not given back, and does not try again', async () => {
    vi.useFakeTimers();
    const info = vi.fn();
    const collect = vi.fn(() => Promise.reject(new Error('no flags')));
    const memory = new IdleMemory({ info } as never, collect);
    begin(memory, 200);
    await vi.advanceTimersByTimeAsync(60_000);
    begin(memory, 200);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(collect).toHaveBeenCalledTimes(1);
    expect(info.mock.calls).toEqual([['memory is not given back while this worker is idle', { reason: 'no flags' }]]);
  });

  it('really is given back', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const memory = new IdleMemory();
    begin(memory, 200);
    let left: object | undefined = { something: 'that a run has left' };
    const ref = new WeakRef(left);
    left = undefined;
    await vi.advanceTimersByTimeAsync(5_000);
    await vi.waitFor(() => expect(ref.deref()).toBeUndefined(), { timeout: 5_000 });
    memory.close();
  });
});
