import { Environment } from '@marcbachmann/cel-js';
import type { RunContext } from '@summit/maestro-sdk';
import { transformMap } from '@summit/maestro-tasks-core/tasks/transform.map';
import { compareInterleaved, type Figure } from './figure.ts';

const ROWS = 100_000;
const rows = Array.from({ length: ROWS }, (_, id) => ({
  id: `order-${id}`,
  customer: { name: `name ${id % 1_000}`, country: id % 3 === 0 ? 'DE' : 'FR' },
  price: id * 1.25,
  count: id % 7,
}));
/** Integers as cel-js wants them. */
const ready = rows.map((row) => ({ ...row, count: BigInt(row.count) }));

const FIELDS: { [name: string]: string } = {
  id: 'row.id',
  name: 'row.customer.name + " (" + row.customer.country + ")"',
  more: 'row.count + 1',
  domestic: 'row.customer.country == "DE"',
};
const WHOLE = `{${Object.entries(FIELDS)
  .map(([name, source]) => `"${name}": ${source}`)
  .join(', ')}}`;

/** `transform.map` over many rows, against cel-js called directly: one precompiled expression per row, of the same result. */
export async function transformMapRows(): Promise<Figure[]> {
  const direct = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false }).parse(WHOLE);
  const ctx = {} as RunContext;
  const task = async (mapping: string | { [name: string]: unknown }) => {
    const begin = performance.now();
    const { payload } = await transformMap.execute(ctx, { payload: { rows, mapping } });
    if (payload.count !== ROWS) throw new Error(`${payload.count} rows were made`);
    return (ROWS / (performance.now() - begin)) * 1_000;
  };
  const other = () => {
    const begin = performance.now();
    const made: unknown[] = [];
    for (const row of ready) made.push(direct({ row }));
    if (made.length !== ROWS) throw new Error(`${made.length} rows were made`);
    return (ROWS / (performance.now() - begin)) * 1_000;
  };
  const common = {
    unit: 'rows/s',
    other,
    otherName: 'cel-js, one precompiled expression per row',
    must: 0.8,
    better: 'higher' as const,
    rounds: 9,
  };
  return [
    await compareInterleaved({
      ...common,
      figure: `transform.map of ${ROWS.toLocaleString('en')} rows, the same expression`,
      ours: () => task(WHOLE),
    }),
    await compareInterleaved({
      ...common,
      figure: `transform.map of ${ROWS.toLocaleString('en')} rows, a mapping of ${Object.keys(FIELDS).length} fields`,
      ours: () => task(FIELDS),
    }),
  ];
}
