import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from './harness.ts';
import { columns, observe, rows, type Seen, table } from './semantics.ts';

it('docs/semantics.md says what the cases below hold', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/semantics.md'), 'utf8');
  expect(doc).toContain(table());
});

describe.each([
  { name: 'in-process', kind: 'in-process', inactivityMs: undefined },
  { name: 'restate', kind: 'embedded', inactivityMs: undefined },
  { name: 'restate, always replaying', kind: 'embedded', inactivityMs: 0 },
] as const)('on $name, when a task', ({ kind, inactivityMs }) => {
  const bench = new Bench();
  beforeAll(() => bench.open(kind, {}, inactivityMs));
  afterAll(() => bench.close());

  describe.each(rows)('$title', (row) => {
    let seen: Seen;
    beforeAll(async () => {
      seen = await observe(bench, row);
    });
    it.each(columns.map((column) => [column, row.cells[column]] as const))('%s: $1.says', (_, cell) => cell.holds(seen));
  });
});
