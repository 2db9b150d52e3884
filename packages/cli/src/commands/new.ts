import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { loadContracts } from '@summit/maestro-worker/packages';
import maxSatisfying from 'semver/ranges/max-satisfying.js';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { newRunbookFiles } from '../scaffold/runbook.ts';
import { newTaskFiles } from '../scaffold/task.ts';
import { type NewFile, writeGenerated, writeNew } from '../scaffold/write.ts';
import { SCHEMA_FILE, SCHEMA_LINE, schemaText } from './schema.ts';

/** `maestro new task` */
export async function newTask(context: Context, name: string, options: { dir?: string }): Promise<ExitCode> {
  const { cwd } = context.io;
  const dir = options.dir === undefined ? path.join(await taskPackage(cwd), 'src') : path.resolve(cwd, options.dir);
  const { files, exportName } = newTaskFiles(name, dir);
  await writeNew(files);
  report(context, files, [
    `add ${exportName} to the package's list of tasks, and build the package`,
    `npx vitest run ${path.relative(cwd, files[1].path)}`,
  ]);
  return exit.ok;
}

/** `maestro new runbook` */
export async function newRunbook(context: Context, name: string, options: { dir?: string }): Promise<ExitCode> {
  const { cwd } = context.io;
  const config = await context.config();
  const dir = options.dir === undefined ? (config.catalogs[0] ?? path.join(config.root, 'runbooks')) : path.resolve(cwd, options.dir);
  const contracts = await loadContracts(config.packages, config.root);
  const sleepVersion = maxSatisfying(
    contracts.filter((task) => task.name === 'tasks/wait.sleep').map((task) => task.version),
    '*',
  );
  if (sleepVersion === null) {
    throw new CliError('a new runbook starts with the task tasks/wait.sleep, which no configured package has', {
      code: 'TASK_UNKNOWN',
      next: 'add @summit/maestro-tasks-core to `packages` in the configuration',
    });
  }
  const files = newRunbookFiles(name, dir, {
    owner: `${ownerName(config.identity.user)}@local`,
    sleepVersion,
    schemaLine: SCHEMA_LINE,
  });
  await writeNew(files);
  const schema = { path: path.join(dir, SCHEMA_FILE), text: await schemaText(context, dir) };
  const written = (await writeGenerated(schema)) ? [...files, schema] : files;
  report(context, written, [`maestro run ${name} --ephemeral`, `npx vitest run ${path.relative(cwd, files[1].path)}`]);
  return exit.ok;
}

/** The folder of the task package that the command was called in. */
async function taskPackage(cwd: string): Promise<string> {
  let found: unknown;
  try {
    found = JSON.parse(await readFile(path.join(cwd, 'package.json'), 'utf8'));
  } catch {
    found = undefined; // No package here, or none that can be read: the same advice helps.
  }
  if (typeof found === 'object' && found !== null && 'maestro' in found) return cwd;
  throw new CliError(`${cwd} is not a task package: its package.json has no "maestro" field`, {
    code: 'NOT_A_TASK_PACKAGE',
    next: 'go to the folder of one, or name its source folder, e.g. --dir packages/tasks-core/src',
  });
}

/** An owner is letters, digits, dots and dashes before the @. */
function ownerName(user: string): string {
  return user.toLowerCase().replace(/[^a-z0-9.-]+/g, '-') || 'owner';
}

function report({ io, terminal }: Context, files: readonly NewFile[], next: string[]): void {
  const { out } = terminal;
  for (const file of files) out.line(`wrote ${path.relative(io.cwd, file.path)}`);
  out.line('next:');
  for (const line of next) out.line(`  ${line}`);
}
