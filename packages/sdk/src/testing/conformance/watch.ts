import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { format } from 'node:util';

/** What a task has printed. */
export interface Printed {
  /** Everything written to the console, stdout or stderr. */
  readonly lines: readonly string[];
  stop(): void;
}

const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const;

/** Listens to the console; what is printed is still printed. */
export function listen(): Printed {
  const lines: string[] = [];
  const restore: (() => void)[] = [];
  const methods = console as unknown as Record<(typeof METHODS)[number], (...args: unknown[]) => void>;
  for (const method of METHODS) {
    const original = methods[method];
    methods[method] = (...args) => {
      lines.push(format(...args));
      original.apply(console, args);
    };
    restore.push(() => {
      methods[method] = original;
    });
  }
  for (const stream of [process.stdout, process.stderr]) {
    const original = stream.write;
    stream.write = function write(this: typeof stream, chunk: string | Uint8Array, ...rest: unknown[]) {
      lines.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
      return (original as (...args: unknown[]) => boolean).call(stream, chunk, ...rest);
    } as typeof stream.write;
    restore.push(() => {
      stream.write = original;
    });
  }
  return {
    lines,
    stop() {
      for (const undo of restore.reverse()) undo();
    },
  };
}

/** Every file, folder and link below `dir` with a hash of what it holds, by relative path. */
export async function snapshot(dir: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const visit = async (folder: string): Promise<void> => {
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const key = relative(dir, path);
      const stat = await lstat(path);
      if (stat.isDirectory()) {
        found.set(key, 'folder');
        await visit(path);
      } else if (stat.isSymbolicLink()) {
        found.set(key, `link to ${await readlink(path)}`);
      } else {
        found.set(key, stat.isFile() ? await hashFile(path) : 'special file');
      }
    }
  };
  await visit(dir);
  return found;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** What differs between two snapshots, in words. */
export function changes(before: Map<string, string>, after: Map<string, string>): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === is) return [];
    return [`${was === undefined ? 'made' : is === undefined ? 'removed' : 'changed'} ${name}`];
  });
}

/** Connections are counted by who made them, which this list does not tell. */
const CONNECTIONS = new Set(['TCPSocketWrap', 'PipeWrap']);

/** What keeps the process alive, counted by kind, e.g. `Timeout`; without connections. */
export function openHandles(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) if (!CONNECTIONS.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Kinds of which there are more now than in `before`. */
export function moreHandles(before: Map<string, number>): string[] {
  return [...openHandles()].flatMap(([kind, count]) => {
    const more = count - (before.get(kind) ?? 0);
    return more > 0 ? [`${more} ${kind}`] : [];
  });
}

/** Paths below `dir` that this process holds open; nothing where the system does not say (only Linux does). */
export async function openFiles(dir: string): Promise<string[]> {
  const table = '/proc/self/fd';
  let descriptors: string[];
  try {
    descriptors = await readdir(table);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const paths: string[] = [];
  for (const descriptor of descriptors) {
    try {
      const path = await readlink(join(table, descriptor));
      if (path.startsWith(`${dir}/`)) paths.push(relative(dir, path));
    } catch (error) {
      // Closed since it was listed.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return paths;
}

/** Waits until `look` finds nothing, for at most `ms`; resolves to what it found last. */
export async function untilNone(look: () => string[] | Promise<string[]>, ms: number): Promise<string[]> {
  const end = performance.now() + ms;
  for (let turn = 0; ; turn++) {
    const found = await look();
    if (found.length === 0 || performance.now() >= end) return found;
    // What is being closed is gone after a turn or two of the event loop.
    await (turn < 10 ? nextTurn() : delay(10));
  }
}
