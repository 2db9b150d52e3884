import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, type ProcessId, processId } from './process-id.ts';

const LOG_LINES = 25;

export interface Launch {
  /** Name of its log in the folder, and in messages. */
  name: string;
  command: string;
  args: string[];
  folder: string;
  env?: NodeJS.ProcessEnv;
  /** User to run as, where it is not this one. */
  as?: { uid: number; gid: number };
  /** Asks the server whether it is ready; rejects (with the reason) while it is not. */
  ready(): Promise<unknown>;
  readyWithinMs?: number;
  /** Told of its process as soon as there is one, long before it answers. */
  started?(process: ProcessId): void;
}

/**
 * Starts a server that outlives this process, and waits until it answers. A server that ends, or does not answer in time, is
 * ended, and the error shows the last lines of its log.
 */
export async function launch(server: Launch): Promise<void> {
  const { name, command, args, folder, env = process.env, as = {}, readyWithinMs = 60_000 } = server;
  const log = join(folder, `${name}.log`);
  const output = openSync(log, 'w', 0o600);
  const child = spawn(command, args, { cwd: folder, env, ...as, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = `could not be started: ${error.message}`;
  });
  child.once('exit', (code, signal) => {
    ended = `ended with ${code ?? signal}`;
  });
  child.unref();
  const id = child.pid === undefined ? undefined : processId(child.pid);
  if (id) server.started?.(id);

  const deadline = Date.now() + readyWithinMs;
  for (let wait = 20; ; wait = Math.min(2 * wait, 200)) {
    const problem = await server.ready().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (problem === undefined && ended === undefined) return;
    if (ended !== undefined || Date.now() > deadline) {
      const why = ended ?? `did not answer within ${readyWithinMs / 1000} s`;
      if (id) await end(id);
      throw new Error(`${name} (${basename(command)}) ${why}; the end of its log ${log}:\n${tail(log)}`, { cause: problem });
    }
    await sleep(wait);
  }
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_LINES).join('\n');
}
