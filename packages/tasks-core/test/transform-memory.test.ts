import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** The longer of the two runs; `MAESTRO_TRANSFORM_MB=1000` for a gigabyte. */
const LARGE = Number(process.env.MAESTRO_TRANSFORM_MB ?? 40);

function transformed(megabytes: number) {
  const child = join(import.meta.dirname, 'support/transform-child.ts');
  const text = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', child, String(megabytes * 1e6)], {
    encoding: 'utf8',
  });
  return JSON.parse(text) as { made: number; count: number; skipped: number; written: number; maxRss: number };
}

it(`takes no more memory for ${LARGE} MB of rows than for half of it`, { timeout: 600_000 }, () => {
  const small = transformed(LARGE / 2);
  const large = transformed(LARGE);
  expect(large.count + large.skipped).toBe(large.made);
  expect(large.made).toBeGreaterThan(small.made * 1.9);
  expect(large.maxRss).toBeLessThan(300 * 1024);
  expect(large.maxRss).toBeLessThan(small.maxRss * 1.3);
  process.stdout.write(`transform.map: ${large.made} rows of ${LARGE} MB, peak ${(large.maxRss / 1024).toFixed(0)} MiB\n`);
});
