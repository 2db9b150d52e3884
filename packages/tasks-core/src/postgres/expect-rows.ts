import { TaskError } from '@summit/maestro-sdk';
import type { ExpectRows } from './options.ts';

/** Throws `DB_ROWS_UNEXPECTED` where there are fewer or more rows than expected. */
export function checkRowCount(count: number, expected: ExpectRows | undefined): void {
  if (expected === undefined) return;
  const { min = 0, max = Number.POSITIVE_INFINITY } = typeof expected === 'number' ? { min: expected, max: expected } : expected;
  if (count >= min && count <= max) return;
  const wanted = min === max ? `exactly ${min}` : max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
  throw TaskError.terminal('DB_ROWS_UNEXPECTED', `expected ${wanted} rows (expectRows), found ${count}; nothing was changed`, {
    details: { expected: { min, ...(Number.isFinite(max) ? { max } : {}) }, found: count },
  });
}
