import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one which got the same number. */
export interface ProcessId {
  pid: number;
  /** When it began, in the system's own terms; compared, never read. */
  began: string;
}

/** The process with this number; undefined where none runs (one that has ended and waits for its parent does not run). */
export function processId(pid: number): ProcessId | undefined {
  const began = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  return began === undefined ? undefined : { pid, began };
}

export function runs(process: ProcessId): boolean {
  return processId(process.pid)?.began === process.began;
}

/** Ends it: politely, and after `graceMs` for certain. Resolves when it is gone. */
export async function end(process: ProcessId, graceMs = 5000): Promise<void> {
  const deadline = Date.now() + graceMs;
  for (let signal: NodeJS.Signals = 'SIGTERM'; runs(process); signal = Date.now() > deadline ? 'SIGKILL' : 'SIGTERM') {
    kill(process.pid, signal);
    for (let wait = 10; wait <= 320 && runs(process); wait *= 2) await sleep(wait);
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** State is the first field after the parenthesised name, the time of birth (in ticks since boot) the twentieth. */
function fromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    // No such process.
    return undefined;
  }
}

function fromPs(pid: number): string | undefined {
  try {
    const [state = '', ...began] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', `${pid}`], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
    return state.startsWith('Z') ? undefined : began.join(' ');
  } catch {
    // ps fails where there is no such process.
    return undefined;
  }
}
