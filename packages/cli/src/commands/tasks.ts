import type { TaskContract } from '@summit/maestro-sdk';
import { loadContracts } from '@summit/maestro-worker/packages';
import compare from 'semver/functions/compare.js';
import { stringify } from 'yaml';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { schemaLines } from '../render/schema.ts';
import type { Channel } from '../terminal/terminal.ts';
import { didYouMean, formatDuration, table } from '../text.ts';

/** `maestro tasks list` */
export async function listTasks(context: Context, options: { json?: boolean }): Promise<ExitCode> {
  const contracts = await installed(context);
  const { out } = context.terminal;
  if (options.json) out.line(JSON.stringify(contracts, undefined, 2));
  else if (contracts.length === 0) out.line('no tasks are installed');
  else {
    const rows = contracts.map((task) => [
      `${task.name}@${task.version}`,
      task.effect,
      task.deprecated ? `deprecated: ${task.deprecated}` : task.title,
    ]);
    for (const line of table([['TASK', 'EFFECT', 'TITLE'], ...rows])) out.line(line);
  }
  return exit.ok;
}

/** `maestro tasks show` */
export async function showTask(context: Context, ref: string, options: { json?: boolean }): Promise<ExitCode> {
  const task = find(await installed(context), ref);
  if (options.json) context.terminal.out.line(JSON.stringify(task, undefined, 2));
  else print(task, context.terminal.out);
  return exit.ok;
}

/** Sorted by name, newest version first. */
async function installed(context: Context): Promise<TaskContract[]> {
  const { packages, root } = await context.config();
  const contracts = await loadContracts(packages, root);
  return contracts.sort((a, b) => (a.name === b.name ? compare(b.version, a.version) : a.name < b.name ? -1 : 1));
}

function find(contracts: TaskContract[], ref: string): TaskContract {
  const at = ref.lastIndexOf('@');
  const [name, version] = at > 0 ? [ref.slice(0, at), ref.slice(at + 1)] : [ref, undefined];
  const versions = contracts.filter((task) => task.name === name);
  if (versions.length === 0) {
    throw new CliError(`no installed task is called "${name}"${didYouMean(name, new Set(contracts.map((task) => task.name)))}`, {
      code: 'TASK_UNKNOWN',
      next: '`maestro tasks list` shows what is installed; `packages` in the configuration says where tasks come from',
    });
  }
  const task = version === undefined ? versions[0] : versions.find((candidate) => candidate.version === version);
  if (task === undefined) {
    throw new CliError(
      `task "${name}" is not installed in version ${version}; there are: ${versions.map((one) => one.version).join(', ')}`,
      {
        code: 'TASK_UNKNOWN',
      },
    );
  }
  return task;
}

function print(task: TaskContract, out: Channel): void {
  const { bold, dim, yellow } = out.colors;
  const section = (title: string, lines: string[]) => {
    out.line();
    out.line(bold(title));
    for (const line of lines) out.line(line === '' ? '' : `  ${line}`);
  };
  out.line(`${bold(task.name)}@${task.version}  ${dim(task.title)}`);
  if (task.deprecated) out.line(yellow(`deprecated: ${task.deprecated}`));
  out.line(task.description);
  out.line();
  const facts = [
    ['effect', task.effect],
    ['durable', task.durable ? 'yes: its waits survive a restart' : 'no'],
    ['timeout', task.timeout === undefined ? "the engine's default" : `${formatDuration(task.timeout)} per attempt`],
    ['attempts', task.retry === undefined ? "the engine's default" : `up to ${task.retry.maxAttempts}`],
    ['secrets', task.secrets.length === 0 ? 'none' : task.secrets.join(', ')],
    ['contract', task.digest],
  ];
  for (const line of table(facts)) out.line(line);
  section('Input', schemaLines(task.input));
  section('Output', schemaLines(task.output));
  for (const example of task.examples) {
    const step = { uses: `${task.name}@${task.version}`, with: example.input };
    const outcome = example.error === undefined ? {} : { 'fails with': example.error };
    section(
      `Example: ${example.title}`,
      stringify({ ...step, ...outcome })
        .trimEnd()
        .split('\n'),
    );
  }
}
