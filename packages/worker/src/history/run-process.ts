import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { alive, identify, type ProcessIdentity } from '../embedded/process-identity.ts';

/** The process that a run lives in, and where that is. */
export interface RunProcess extends ProcessIdentity {
  host: string;
  /** Which start of which machine; Linux. */
  boot?: string;
  /** Which set of pids it has one of, as a container has its own; Linux. */
  pids?: string;
}

/** This process; undefined where the system does not tell one process from the next with its pid. */
export function thisProcess(): RunProcess | undefined {
  const identity = identify(process.pid);
  if (identity === undefined) return undefined;
  if (process.platform !== 'linux') return { ...identity, host: hostname() };
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { ...identity, host: hostname(), boot, pids: readlinkSync('/proc/self/ns/pid') };
  } catch {
    // Without them nobody could tell where the process was.
    return undefined;
  }
}

/**
 * Whether a process has ended; undefined where that cannot be seen from `here`. `oneMachine`: it can only have been on this one.
 */
export function hasEnded(that: RunProcess, here: RunProcess, oneMachine: boolean): boolean | undefined {
  if (that.pids !== here.pids) return undefined;
  if (!oneMachine && (that.boot === undefined ? that.host !== here.host : that.boot !== here.boot)) return undefined;
  if (alive(that)) return false;
  return isHidden(that.pid) ? undefined : true;
}

/** Whether there is a process of which this user may not know more. */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
