import { afterEach, expect, it, vi } from 'vitest';
import { Bench, plan } from './harness.ts';

const DAY = 24 * 3_600_000;

afterEach(() => void vi.useRealTimers());

it('a durable task without a timeout waits for days, and one with a timeout no longer than that', async () => {
  const bench = new Bench();
  await bench.open('in-process');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const made = await plan({ wait: { uses: 'wait', with: { ms: 3 * DAY, times: 1 } } });
    const long = bench.run(made);
    await vi.advanceTimersByTimeAsync(2 * DAY);
    expect(bench.data('task.succeeded')).toEqual([]);
    await vi.advanceTimersByTimeAsync(DAY + 1_000);
    expect(await long).toMatchObject({ status: 'succeeded', tasks: [{ id: 'wait', attempts: 1 }] });

    const limited = bench.run(
      await plan({ wait: { uses: 'wait', with: { ms: 3 * DAY, times: 1 }, timeout: 60_000, retry: { maxAttempts: 1 } } }),
    );
    await vi.advanceTimersByTimeAsync(61_000);
    expect(await limited).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT' } });
  } finally {
    vi.useRealTimers();
    await bench.close();
  }
});
