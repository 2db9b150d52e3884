import { isTaskError, type RunContext } from '@summit/maestro-sdk';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { describe, expect, it } from 'vitest';
import { waitSleep } from './wait.sleep.ts';

const bare = {} as RunContext;
type Payload = Parameters<typeof waitSleep.execute>[1]['payload'];

describe('tasks/wait.sleep', () => {
  it('waits the milliseconds it is given, also without a context', async () => {
    const started = performance.now();
    await expect(waitSleep.execute(bare, { payload: { ms: 30 } })).resolves.toEqual({ payload: { slept: 30 } });
    // Timers may fire up to a millisecond early.
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
  });

  it('does not wait for 0', async () => {
    await using ctx = createTestContext({ task: waitSleep });
    await expect(waitSleep.execute(ctx, { payload: { ms: 0 } })).resolves.toEqual({ payload: { slept: 0 } });
    expect(ctx.sleeps).toEqual([]);
  });

  it.each([{}, { ms: -1 }, { ms: Number.NaN }, { ms: '5' }, { ms: null }, { ms: -Infinity }, undefined, null, { ms: {} }, { ms: [] }])(
    'refuses %j in the given words, by execute and by validate',
    async (payload) => {
      const wrong = { payload: payload as unknown as Payload };
      const refusal = await waitSleep.execute(bare, wrong).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ message: 'ms must be >= 0', code: 'INVALID_INPUT', retryable: false });
      expect(isTaskError(refusal)).toBe(true);
      expect(() => waitSleep.validate?.(wrong)).toThrow('ms must be >= 0');
    },
  );

  it.each([{ ms: Infinity }, { ms: 1e300 }])('refuses %j as too long', async (payload) => {
    await expect(waitSleep.execute(bare, { payload })).rejects.toThrow(/^ms must be >= 0 and at most \d+ \(100 years\)/);
  });

  it('waits until a time on the engine’s clock', async () => {
    await using ctx = createTestContext({ task: waitSleep, now: '2026-01-01T00:00:00Z' });
    await expect(waitSleep.execute(ctx, { payload: { until: '2026-01-01T01:00:00.500+00:30' } })).resolves.toEqual({
      payload: { slept: 1_800_500 },
    });
    expect(ctx.sleeps).toEqual([1_800_500]);
  });

  it('waits for the same time when it is replayed later', async () => {
    await using ctx = createTestContext({ task: waitSleep });
    const remembered = await ctx.now();
    // An engine answers a replay with what it remembers, whatever the clock on the wall shows.
    const replay = { ...ctx, now: async () => remembered, sleep: ctx.sleep } as RunContext;
    const payload = { until: '2026-01-01T00:00:10Z' };
    const first = await waitSleep.execute(replay, { payload });
    const second = await waitSleep.execute(replay, { payload });
    expect(second).toEqual(first);
  });

  it('does not wait for a time that is past', async () => {
    await using ctx = createTestContext({ task: waitSleep });
    await expect(waitSleep.execute(ctx, { payload: { until: '2025-12-31T23:59:59Z' } })).resolves.toEqual({ payload: { slept: 0 } });
  });

  it.each([
    'tomorrow',
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-02-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T25:00:00Z',
    '',
    5,
    {},
  ])('refuses %j as a time', async (until) => {
    await expect(waitSleep.execute(bare, { payload: { until } as Payload })).rejects.toThrow(
      /^until must be an RFC 3339 date and time with its offset/,
    );
  });

  it('refuses a time more than a hundred years away, and both at once', async () => {
    await expect(waitSleep.execute(bare, { payload: { until: '9999-01-01T00:00:00Z' } })).rejects.toThrow('at most 100 years away');
    await expect(waitSleep.execute(bare, { payload: { ms: 1, until: '2026-01-01T00:00:00Z' } })).rejects.toThrow('either ms or until');
  });

  it('ends at once when it is cancelled', async () => {
    const controller = new AbortController();
    const started = performance.now();
    const waiting = waitSleep.execute({ signal: controller.signal } as RunContext, { payload: { ms: 60_000 } });
    controller.abort(new Error('cancelled by olive'));
    await expect(waiting).rejects.toThrow('cancelled by olive');
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
