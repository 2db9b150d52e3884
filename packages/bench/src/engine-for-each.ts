import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bound, type Figure, median } from './figure.ts';

const SHORT = 1_000;
const LONG = 10_000;
/** MiB that the worker may take at its peak: 500 MB. */
const MEMORY = 477;
/** Of the time as a power of the number of items. */
const EXPONENT = 1.1;

interface Line {
  items?: number;
  ms?: number;
  peakMib?: number;
}

/** `forEach` with 100 at a time on the embedded engine, in a worker of its own process: how its time grows with the list, and its memory. */
export async function engineForEach(): Promise<Figure[]> {
  // The first warms up; the long one stands between short ones, so that both see the same machine.
  const lengths = [100, SHORT, SHORT, LONG, SHORT, SHORT];
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'for-each-child.ts'), ...lengths.map(String)]);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const perItem = (items: number) => median(lines.filter((line) => line.items === items).map(({ ms = Number.NaN }) => ms / items));
  const exponent = 1 + Math.log10(perItem(LONG) / perItem(SHORT)) / Math.log10(LONG / SHORT);
  const peak = lines.find(({ peakMib }) => peakMib !== undefined)?.peakMib ?? Number.NaN;
  const note = `${perItem(SHORT).toFixed(2)} ms an item of ${SHORT}, ${perItem(LONG).toFixed(2)} ms an item of ${LONG}`;
  return [
    { ...bound(`forEach over ${LONG} items, 100 at a time: exponent of its time`, '', exponent, EXPONENT, 'allowed', 1), note },
    bound(`forEach over ${LONG} items, 100 at a time: peak memory of the worker`, 'MiB', peak, MEMORY, 'allowed', 1),
  ];
}
