import { chmodSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder of this package in the user's cache (`$XDG_CACHE_HOME`, else `~/.cache`), made when it is missing: downloads, built
 * programs, records of running servers and their data. Only its owner can look into it, for passwords and keys are in there.
 */
export function cacheFolder(...path: string[]): string {
  const root = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'maestro-services');
  mkdirSync(root, { recursive: true });
  chmodSync(root, 0o700);
  const folder = join(root, ...path);
  mkdirSync(folder, { recursive: true });
  return folder;
}
