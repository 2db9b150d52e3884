import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { folder, pages, written } from '../scripts/task-docs.ts';

it('every task has its page in docs/tasks, every page its task, and both say the same', async () => {
  const files = await written();
  const found = Object.fromEntries(files.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
  // Not the same? pnpm build && node packages/cli/scripts/task-docs.ts
  expect(found).toEqual(Object.fromEntries(pages()));
});
