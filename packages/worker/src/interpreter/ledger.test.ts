import { expect, it } from 'vitest';
import { Ledger } from './ledger.ts';

it('keeps records while there is room, and counts what it leaves out', () => {
  const ledger = new Ledger();
  const record = (message: string) => ({
    id: 'a',
    uses: 'tasks/x@1.0.0',
    status: 'failed' as const,
    attempts: 1,
    error: { code: 'X', message },
  });
  const kept = Array.from({ length: 3_000 }, () => ledger.keep([record('x'.repeat(4_000))])).flat();
  expect(kept.length).toBeGreaterThan(1_900);
  expect(JSON.stringify(kept).length).toBeLessThan(9 * 1024 * 1024);
  expect(ledger.omitted).toBe(3_000 - kept.length);
});
