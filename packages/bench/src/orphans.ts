import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';

/** What a bench's folder of its own is called, with some characters behind. */
const FOLDER = /^maestro-bench-/;

/**
 * Ends servers that were left by benches which were killed, and removes their folders: an embedded server outlives the process that started it, as
 * it has to. Linux only. Returns how many there were.
 */
export function endOrphans(): number {
  if (process.platform !== 'linux') return 0;
  let ended = 0;
  for (const entry of readdirSync('/proc')) {
    const folder = /^\d+$/.test(entry) ? orphanIn(entry) : undefined;
    if (folder === undefined) continue;
    process.kill(Number(entry), 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    ended += 1;
  }
  return ended;
}

/** The bench's folder that the process is a server of, where whoever started it is gone. */
function orphanIn(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [name, parent] = [stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')), stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]];
    const [top = ''] = relative(tmpdir(), readlinkSync(`/proc/${pid}/cwd`)).split(sep);
    return name === 'restate-server' && parent === '1' && FOLDER.test(top) ? join(tmpdir(), top) : undefined;
  } catch {
    // Ended meanwhile, or of another user.
    return undefined;
  }
}
