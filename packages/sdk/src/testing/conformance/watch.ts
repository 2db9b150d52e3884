import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { format } from 'node:util';

/** What was seen while a task ran. */
export interface Watch {
  /** Everything written to the console, stdout or stderr. */
  readonly printed: string[];
  /** Connections made and requests sent. */
  readonly contacted: string[];
  stop(): void;
}

const CHANNELS = ['net.client.socket', 'http.client.request.start', 'undici:request:create'];
const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const;

/** Listens to the console and to Node's diagnostics channels; what is printed is still printed. */
export function watch(): Watch {
  const printed: string[] = [];
  const contacted: string[] = [];
  const restore: (() => void)[] = [];
  const methods = console as unknown as Record<(typeof METHODS)[number], (...args: unknown[]) => void>;
  for (const method of METHODS) {
    const original = methods[method];
    methods[method] = (...args) => {
      printed.push(format(...args));
      original.apply(console, args);
    };
    restore.push(() => {
      methods[method] = original;
    });
  }
  for (const stream of [process.stdout, process.stderr]) {
    const original = stream.write;
    stream.write = function write(this: typeof stream, chunk: string | Uint8Array, ...rest: unknown[]) {
      printed.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
      return (original as (...args: unknown[]) => boolean).call(stream, chunk, ...rest);
    } as typeof stream.write;
    restore.push(() => {
      stream.write = original;
    });
  }
  const onContact = (_: unknown, name: string | symbol) => contacted.push(String(name));
  for (const channel of CHANNELS) subscribe(channel, onContact);
  return {
    printed,
    contacted,
    stop() {
      for (const undo of restore.reverse()) undo();
      for (const channel of CHANNELS) unsubscribe(channel, onContact);
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

/** Handles that keep the process alive, counted by kind, e.g. `TCPSocketWrap`. */
export function openHandles(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
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
  for (;;) {
    const found = await look();
    if (found.length === 0 || performance.now() >= end) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
