import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { folder, pages, written } from '../scripts/task-docs.ts';
import { execute } from './testing.ts';

it('every task has its page in docs/tasks, every page its task, and both say the same', async () => {
  const files = await written();
  const found = Object.fromEntries(files.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
  // Not the same? pnpm build && node packages/cli/scripts/task-docs.ts
  expect(found).toEqual(Object.fromEntries(pages()));
});

it('`maestro tasks list` lists the reference tasks, and each has a page', async () => {
  const { stdout, code } = await execute(['tasks', 'list', '--json'], { cwd: path.join(folder, '../..') });
  expect(code).toBe(0);
  const names = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
  expect(names).toEqual([
    'connectors/db.execute',
    'connectors/db.query',
    'connectors/http.request',
    'connectors/kafka.publish',
    'connectors/nats.publish',
    'connectors/s3.get',
    'connectors/s3.put',
    'connectors/sig.export',
    'connectors/sig.ingest',
    'ops/approval.gate',
    'ops/disclosure.package',
    'tasks/notify.slack',
    'tasks/schema.validate',
    'tasks/transform.map',
    'tasks/wait.sleep',
  ]);
  expect((await written()).sort()).toEqual(['README.md', ...names.map((name) => `${name}.md`)].sort());
});
