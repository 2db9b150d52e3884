import { readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import { lint, parseCatalog } from '../src/index.ts';

const contracts = JSON.parse(readFileSync(new URL('../testdata/contracts.json', import.meta.url), 'utf8')) as TaskContract[];

/** What `work` takes of the processor, in milliseconds, and what it returns. */
export function worked<T>(work: () => T): { result: T; ms: number } {
  const start = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(start);
  return { result, ms: (user + system) / 1_000 };
}

/** Files that hold nothing unusual: 2,000 tasks, each with an expression. */
const ordinary = Array.from({ length: 20 }, (_, file) => {
  const tasks = Array.from(
    { length: 100 },
    (_, at) => `    - { id: t${at}, uses: tasks/wait.sleep@0.1.0, with: { ms: "\${params.ms + ${at}}" } }\n`,
  );
  const text = `apiVersion: maestro/v1\nkind: Workflow\nmetadata: { name: w${file}, version: 1.0.0 }\nspec:\n  parameters: [{ name: ms, type: integer, required: true }]\n  tasks:\n${tasks.join('')}`;
  return { path: `${file}.yaml`, text };
});

/** Less is no matter, in milliseconds. */
const LITTLE = 1_000;

/**
 * How many times as long as linting 2,000 ordinary tasks, which takes about 0.3 seconds, something has taken: the machine may be slow just now.
 */
export function timesOrdinary(ms: number): number {
  if (ms < LITTLE) return 0;
  return ms / worked(() => lint(parseCatalog(ordinary).catalog, contracts)).ms;
}

/** Most that hostile input may take of {@link timesOrdinary}. */
export const MOST_WORK = 10;
