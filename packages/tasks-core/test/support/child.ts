import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Static } from '@summit/maestro-sdk/schema';
import type { disclosurePackage } from '@summit/maestro-tasks-core';

const script = join(import.meta.dirname, 'package-child.ts');

type Payload = Static<typeof disclosurePackage.input>;

/** What a packaging process said at its end. */
export interface ChildResult {
  output?: Static<typeof disclosurePackage.output>;
  error?: { code?: string; message: string; retryable?: boolean };
  /** Peak memory of the process, KiB. */
  maxRss?: number;
}

/** Packages in a process of its own; `within` is a shell command line that runs it, with `"$@"` for it. */
export function packageInChild(workspace: string, payload: Payload, within = 'exec "$@"'): ChildResult {
  const args = ['-c', within, 'sh', process.execPath, script, workspace, JSON.stringify(payload)];
  const { stdout, stderr, status, signal } = spawnSync('sh', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const last = stdout.trim().split('\n').at(-1);
  if (!last?.startsWith('{') || last.includes('"started"'))
    throw new Error(`the process ended with ${status ?? signal}: ${stdout}${stderr}`);
  return JSON.parse(last) as ChildResult;
}

/** Starts packaging in a process of its own; resolves when its script is running. */
export async function startPackaging(workspace: string, payload: Payload): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, workspace, JSON.stringify(payload)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.stdout?.once('data', () => resolve());
  });
  return child;
}
