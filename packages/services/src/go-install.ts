import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cacheFolder } from './cache.ts';
import { locked } from './lock.ts';
import { findProgram, run } from './programs.ts';

/** A build from nothing takes a minute or two on a small machine, and longer behind a slow proxy. */
const BUILD_MS = 12 * 60_000;

/** A Go program of one version: `path` is that of its main package, in a module which has no replacements of others. */
export interface GoProgram {
  path: string;
  version: string;
}

/** The program, built the first time and kept in the cache; undefined where Go is not installed. Rejects where it cannot be built. */
export async function goInstall({ path, version }: GoProgram): Promise<string | undefined> {
  const name = basename(path).replace(/^v\d+$/, '') || basename(join(path, '..'));
  const program = join(cacheFolder('bin'), `${name}-${version}`);
  if (existsSync(program)) return program;
  const go = findProgram('go');
  if (!go) return undefined;
  await locked(`build-${name}`, async () => {
    if (existsSync(program)) return;
    process.stderr.write(`building ${name} ${version} for the tests (once)\n`);
    const folder = mkdtempSync(join(cacheFolder('bin'), '.build-'));
    try {
      // A setting of a project around it, or of the user, must not decide what is built.
      const env = { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod', GOWORK: 'off', CGO_ENABLED: '0' };
      await run(go, ['install', '-trimpath', '-ldflags=-s -w', `${path}@${version}`], { cwd: folder, env, timeoutMs: BUILD_MS });
      renameSync(join(folder, name), program);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
  return program;
}
