import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache.ts';
import { processId, runs } from './process-id.ts';

/** Notes that this process uses the servers, so that nobody stops them under it. The note counts for as long as the process runs. */
export function registerUser(pid = process.pid): void {
  const id = processId(pid);
  if (id) writeFileSync(join(cacheFolder('users'), `${pid}`), id.began);
}

/** Whether a process other than this one and those it started uses them. Forgets those that are gone. */
export function usedByOthers(): boolean {
  const folder = cacheFolder('users');
  return readdirSync(folder).some((name) => {
    const pid = Number(name);
    if (pid === process.pid) return false;
    if (runs({ pid, began: readFileSync(join(folder, name), 'utf8') })) return !descends(pid);
    rmSync(join(folder, name), { force: true });
    return false;
  });
}

/** Workers of a test run may still be ending when the run stops its servers. */
function descends(pid: number): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = parent(at)) if (at === process.pid) return true;
  return false;
}

function parent(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    // Gone, or a system without /proc.
    return undefined;
  }
}
