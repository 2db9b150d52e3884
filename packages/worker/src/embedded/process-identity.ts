import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process that can be recognised later, although the system hands out pids again. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the system's own form. */
  started: string;
}

/** The identity of the process that has `pid` now, or undefined when there is none. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startedLinux(pid) : startedPs(pid);
  return started === undefined ? undefined : { pid, started };
}

/** True while the very same process is alive. */
export function alive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/** A process that runs the program `name` in the folder `cwd`; Linux only, undefined elsewhere. */
export function findProcess(name: string, cwd: string): ProcessIdentity | undefined {
  if (process.platform !== 'linux') return undefined;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (readFileSync(`/proc/${entry}/comm`, 'utf8').trim() === name && readlinkSync(`/proc/${entry}/cwd`) === cwd)
        return identify(Number(entry));
    } catch {
      // Ended meanwhile, or not ours to look at.
    }
  }
  return undefined;
}

function startedLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name, in parentheses, may hold anything; fields 3 and on follow the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; only its parent has not asked yet.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function startedPs(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}
