#!/usr/bin/env node
/**
 * The `prepack` of every package that is built: what is packed is what the sources say. Builds the workspace when `dist` is missing or
 * older, once, however many packages are packed at the same time.
 *
 *     node .ci/prepack.ts [--built]    with --built, the last step of `pnpm build`: notes that everything is made
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { root } from './workspace.ts';

const folder = join(root, 'node_modules/.cache/maestro');
/** Written when a build has ended well. What comes after the compiler (bundles, contracts, rules) is newer than all that they are made of. */
const stamp = join(folder, 'built');
const BUILD_MS = 10 * 60_000;

const modified = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function refuse(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

/** Whether the compiler has nothing to write, and nothing was written after the last build that ended well. */
function isBuilt(): boolean {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const { stdout, status, error } = spawnSync(tsc, ['-b', 'packages', '--dry'], { cwd: root, encoding: 'utf8' });
  if (error || status !== 0) refuse(`the compiler is not there (${error?.message ?? stdout}): run pnpm install first`);
  const projects = stdout.split('\n').filter((line) => line.includes('tsconfig.json'));
  const current = /is up to date|would update timestamps/;
  if (projects.length === 0 || !projects.every((line) => current.test(line))) return false;
  const made = modified(stamp);
  const sources = globSync(['packages/*/dist/.tsbuildinfo', 'docs/rules/*', 'packages/manifest/rolldown.config.ts'], { cwd: root });
  return sources.every((path) => modified(join(root, path)) <= made);
}

function build(): void {
  const { status, error, stdout, stderr } = spawnSync('pnpm', ['run', 'build'], { cwd: root, encoding: 'utf8' });
  if (error) refuse(`what is to be packed is not built, and pnpm cannot be started to build it: ${error.message}`);
  if (status !== 0) refuse(`what is to be packed could not be built:\n${stdout}${stderr}`);
}

mkdirSync(folder, { recursive: true });
if (process.argv.includes('--built')) writeFileSync(stamp, '');
else if (!isBuilt()) {
  // A lock of the operating system, which goes with its holder: packages are packed at the same time.
  const lock = new DatabaseSync(join(folder, 'build.sqlite'), { timeout: BUILD_MS });
  lock.exec('BEGIN EXCLUSIVE');
  if (!isBuilt()) build();
  lock.close();
}
