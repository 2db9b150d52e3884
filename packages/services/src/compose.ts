import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePorts } from './ports.ts';
import { findProgram, run } from './programs.ts';

const FILE = fileURLToPath(new URL('../compose.yaml', import.meta.url));

/** An image may have to be pulled first. */
const UP_MS = 10 * 60_000;
const READY_MS = 60_000;

/** Whether Docker Compose, and an engine for it, are there. */
export async function composeWorks(): Promise<boolean> {
  if (!findProgram('docker')) return false;
  try {
    await run('docker', ['compose', 'version']);
    await run('docker', ['info']);
    return true;
  } catch {
    // No plugin of that name, or no engine.
    return false;
  }
}

/** Starts the container of a service on a free port, and resolves to the port when it answers. */
export async function composeUp(name: string, ready: (port: number) => Promise<unknown>): Promise<number> {
  const [port = 0] = await freePorts(1);
  await compose(port, 'up', '--detach', name);
  for (const deadline = Date.now() + READY_MS; ; await sleep(200)) {
    try {
      await ready(port);
      return port;
    } catch (cause) {
      if (Date.now() < deadline) continue;
      const log = await compose(port, 'logs', '--no-color', '--tail', '25', name);
      throw new Error(`the container of ${name} did not answer within ${READY_MS / 1000} s; the end of its log:\n${log}`, { cause });
    }
  }
}

/** Removes the container of a service, with its data. */
export async function composeDown(name: string): Promise<void> {
  await compose(0, 'rm', '--stop', '--force', '--volumes', name);
}

function compose(port: number, ...args: string[]): Promise<string> {
  return run('docker', ['compose', '--file', FILE, ...args], { env: { ...process.env, PORT: `${port}` }, timeoutMs: UP_MS });
}
