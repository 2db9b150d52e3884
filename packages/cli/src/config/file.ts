import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { CliError, systemReason } from '../errors.ts';
import type { MaestroConfig } from './config.ts';
import { checkConfig } from './keys.ts';

export const CONFIG_NAMES = ['maestro.config.ts', 'maestro.config.json'];

/**
 * The configuration file in force in `cwd`: in it or in the nearest folder above, but not above the git working tree
 * (and nowhere above when there is none), because a `.ts` file is code and must be the project's own. `top` is another limit.
 */
export function findConfigFile(cwd: string, top = workingTree(cwd) ?? cwd): string | undefined {
  for (let dir = cwd; ; dir = path.dirname(dir)) {
    const found = CONFIG_NAMES.map((name) => path.join(dir, name)).filter((file) => existsSync(file));
    if (found.length > 1) {
      throw new CliError(`two configurations in ${dir}: ${CONFIG_NAMES.join(' and ')}`, {
        code: 'CONFIG_AMBIGUOUS',
        next: 'keep one of them, or name the one to use with --config',
      });
    }
    if (found[0] !== undefined) return found[0];
    if (dir === top) return undefined;
  }
}

function workingTree(from: string): string | undefined {
  for (let dir = from; ; dir = path.dirname(dir)) {
    if (existsSync(path.join(dir, '.git'))) return dir;
    if (path.dirname(dir) === dir) return undefined;
  }
}

/** Reads and checks a configuration file. Throws a {@link CliError} with all that is wrong in it. */
export async function readConfigFile(file: string): Promise<MaestroConfig> {
  const value = file.endsWith('.json') ? await readJson(file) : await importModule(file);
  const problems = checkConfig(value);
  if (problems.length > 0) {
    throw new CliError(`the configuration ${file} is wrong`, {
      code: 'CONFIG_INVALID',
      problems,
      next: 'correct the file; docs/cli.md lists the keys and what they mean',
    });
  }
  return value as MaestroConfig;
}

async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, systemReason(cause), cause);
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw unreadable(file, `not JSON: ${(cause as Error).message}`, cause);
  }
}

/** When files were imported first, by path. */
const imported = new Map<string, number>();

/** A module is read once per address: a file that has changed since, which only a process that stays sees, needs another one. */
async function addressOf(file: string): Promise<string> {
  const { href } = pathToFileURL(file);
  const { mtimeMs } = await stat(file);
  const first = imported.get(file) ?? mtimeMs;
  imported.set(file, first);
  return first === mtimeMs ? href : `${href}?changed=${mtimeMs}`;
}

async function importModule(file: string): Promise<unknown> {
  if (!existsSync(file)) throw unreadable(file, 'does not exist (ENOENT)');
  let module: { default?: unknown };
  try {
    module = await import(await addressOf(file));
  } catch (cause) {
    throw unreadable(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (module.default === undefined) throw unreadable(file, 'it has no default export; write `export default defineConfig({ ... })`');
  return module.default;
}

function unreadable(file: string, why: string, cause?: unknown): CliError {
  return new CliError(`cannot read the configuration ${file}: ${why}`, {
    code: 'CONFIG_UNREADABLE',
    next: 'correct the file, or name another one with --config',
    cause,
  });
}
