import { expect, it } from 'vitest';
import type { WorkerDeployment } from './deployments.ts';
import { removeReplaced } from './tidy.ts';

const HOUR = 60 * 60_000;
const NOW = Date.parse('2026-01-02T12:00:00Z');

function deployment(id: string, hoursAgo: number, more: Partial<WorkerDeployment> = {}): WorkerDeployment {
  const createdAt = new Date(NOW - hoursAgo * HOUR).toISOString();
  return { id, url: `http://${id}:9080/`, version: id, createdAt, pools: ['default'], current: [], unfinished: 0, ...more };
}

async function removed(all: WorkerDeployment[]): Promise<string[]> {
  const deployments = { list: async () => all, remove: async (id?: string) => all.filter((one) => one.id === id) };
  return (await removeReplaced(deployments, HOUR, NOW)).map(({ id }) => id);
}

it('removes what was replaced an hour ago and has no runs', async () => {
  const current = deployment('new', 1.5, { current: ['default'] });
  expect(await removed([current, deployment('old', 9)])).toEqual(['old']);
  expect(await removed([current, deployment('busy', 9, { unfinished: 1 })])).toEqual([]);
  expect(await removed([deployment('new', 0.5, { current: ['default'] }), deployment('old', 9)])).toEqual([]);
});

it('leaves alone what others made known, what is current for a pool, and what was gone back to', async () => {
  const { version: _, ...foreign } = deployment('foreign', 9);
  const partly = deployment('partly', 9, { pools: ['default', 'gpu'], current: ['gpu'] });
  expect(await removed([deployment('new', 2, { current: ['default'] }), foreign, partly])).toEqual([]);
  // The current one is the older: the younger was replaced at a time that nobody has kept.
  expect(await removed([deployment('old', 9, { current: ['default'] }), deployment('bad', 0.2)])).toEqual(['bad']);
});
