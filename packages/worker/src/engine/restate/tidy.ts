import type { Deployments, WorkerDeployment } from './deployments.ts';

/** Removes drained versions that were replaced at least `keepMs` ago, of those that workers registered themselves. */
export async function removeReplaced(
  deployments: Pick<Deployments, 'list' | 'remove'>,
  keepMs: number,
  now = Date.now(),
): Promise<WorkerDeployment[]> {
  const all = await deployments.list();
  const removed: WorkerDeployment[] = [];
  for (const one of all) {
    if (one.version === undefined || one.unfinished > 0 || one.current.length > 0) continue;
    const successors = all.filter(({ current }) => current.some((pool) => one.pools.includes(pool)));
    const since = Math.max(...successors.map(({ createdAt }) => Date.parse(createdAt)));
    if (now - since >= keepMs) removed.push(...(await deployments.remove(one.id)));
  }
  return removed;
}
