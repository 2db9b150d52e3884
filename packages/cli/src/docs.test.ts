import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { configKeys } from './config/keys.ts';
import { configVariables } from './config/resolve.ts';
import { exit, exitMeanings } from './exit.ts';
import { createProgram } from './program.ts';

/** Tells what each key of the configuration means; a test holds it to the keys there are. */
const keys: Record<string, [byDefault: string, meaning: string]> = {
  catalogs: ["`['runbooks']`", 'folders or npm packages that hold manifests'],
  packages: ["`['@summit/maestro-tasks-core']`", 'npm packages (or aliases, or folders) that carry tasks'],
  engine: [
    "`'embedded'`",
    "`'embedded'`: a Restate server of our own with its data in `.maestro/restate`; `{ dir }`: the same with another folder than `.maestro`; `{ ingressUrl, adminUrl, identityKeys?, allowUnsigned?, advertisedUrl?, host?, port? }`: a Restate server or cluster that exists (of a cluster, lists of addresses), which `maestro worker` joins, see [workers](workers.md); `'in-process'`: no durability",
  ],
  history: [
    '`history.db` in the folder of the engine',
    'where it is kept what happens in runs: a file, a `postgres://` URL, or `{ file?, url?, retention? }`; `retention` (`90d`, `12h`): how long after their end runs are kept, for ever by default; see [history](history.md)',
  ],
  artifacts: [
    '`.maestro/artifacts`',
    'the artifact store: a folder, `s3://bucket/prefix`, or `{ dir?, s3?, copiesBytes?, inlineLimit? }` with `s3: { bucket, prefix?, region?, endpoint?, forcePathStyle?, expectedBucketOwner?, encryption?, roleArn? }`, whose copies are kept in `dir` up to `copiesBytes` (10 GiB); workers on several machines need a bucket; outputs above `inlineLimit` bytes (262144) must be artifacts',
  ],
  pools: [
    "`['default']` of a worker; any on one machine",
    'the pools that this worker serves; `default` is the one that walks runs. On one machine the worker executes what asks for a pool itself, and this says which there are',
  ],
  limits: [
    '`{ tasksAtOnce: 1000, queuedRuns: 50000 }`',
    '`tasksAtOnce`: attempts of tasks at the same time in a process, the others wait for their turn; `queuedRuns`: runs that have not ended, after which no more are accepted (10,000 with the in-process engine)',
  ],
  workspace: ['the folder of the configuration', 'the only folder whose files tasks may touch'],
  secrets: ["`[{ files: '/run/secrets' }, { env: 'MAESTRO_SECRET_' }]`", 'where secrets come from, asked in this order'],
  identity: ['the user of the operating system', '`{ user?, roles? }`: who starts runs from this machine; for development'],
  signing: ['none', '`{ keyFile }`: Ed25519 private key (PEM) that bundles are signed with'],
  preApproval: ['`false`', 'development only: an approval gate that is given `approved: true` passes without asking'],
  egress: [
    'nothing',
    '`{ allow }`: what tasks may connect to although it is not public: hosts (`api.internal`, `*.internal`), addresses and ranges (`10.0.0.0/8`), each also with `:port`',
  ],
  trustedCatalogs: [
    'none',
    'catalogs, named like those of `catalogs`, whose JavaScript (`mapper` of `tasks/transform.map`) may be executed: lint accepts it there, and the worker executes only text that stands there as it is',
  ],
  telemetry: [
    'none',
    '`{ otlp?: { endpoint?, headers? }, serviceName? }`: OpenTelemetry traces and metrics go to an OTLP/HTTP receiver; `{}` is one at `http://localhost:4318`; see docs/telemetry.md, also for the `OTEL_*` variables',
  ],
};

/** Tells what each error code of this package means; a test holds it to the codes in the source. */
const codes: Record<string, string> = {
  CATALOG_EMPTY: 'There is no manifest where the command was told to look.',
  CATALOG_NOT_FOUND: 'A configured catalog does not exist.',
  CATALOG_UNREADABLE: 'Some manifests cannot be read; all of them are named.',
  CONFIG_AMBIGUOUS: 'A folder has both `maestro.config.ts` and `maestro.config.json`.',
  CONFIG_INVALID: 'The configuration has keys or values that are wrong; all of them are named.',
  CONFIG_UNREADABLE: 'The configuration file cannot be read, parsed or imported.',
  ENGINE_EPHEMERAL: 'The command needs runs that outlive their process; the configured engine is in-process.',
  ENGINE_NOT_SHARED: 'The command is for a Restate server or cluster that workers join, and none is configured.',
  ENGINE_SHARED: '`up` was called where the engine is a Restate server that somebody else runs.',
  FILE_EXISTS: '`new` does not overwrite files.',
  INPUT_ENDED: 'The terminal was closed (Ctrl-D) while a question was open.',
  INPUT_INVALID: 'Inputs are missing, unknown or of the wrong type; all of them are named.',
  INPUT_TWICE: 'One input was given twice.',
  INPUTS_UNREADABLE: 'The file given with `--inputs` cannot be read, or holds no inputs.',
  INTERNAL: 'A defect in maestro: run again with `--verbose` and report it.',
  KEY_UNREADABLE: 'The public key given to `verify` cannot be read.',
  LOCK_BROKEN: 'The lock file cannot be read as one; what is wrong is shown with its place.',
  LOCK_DEVIATES: '`--locked` or `lock --check`: something is not as the lock file says; every deviation is named.',
  LOCK_MISSING: '`--locked` or `lock --check`: there is no lock file.',
  LOCK_REFUSED: 'A catalog with references that resolve to nothing, or with manifests that cannot be read, cannot be locked.',
  LOCK_UNREADABLE: 'The lock file exists, and its text cannot be read.',
  NOT_A_TASK_PACKAGE: '`new task` was called outside of a task package and without `--dir`.',
  NOT_FOUND: 'No runbook or workflow has the name, or none the version.',
  OUTPUT_FAILED: 'Standard output could not be written, e.g. because the disk is full.',
  PLAN_NOT_KEPT: 'The history has a run, and not the plan it was made of.',
  PLAN_REFUSED: 'The manifests of a runbook have errors; nothing was started.',
  PLAN_TOO_LARGE: 'A plan has, with its sub-workflows, more tasks than can be shown at once.',
  RUN_ENDED: 'The run had ended: there is nothing to cancel, pause or resume.',
  RUN_ID_TAKEN: 'A run with this id exists and is another one.',
  RUN_STUCK: 'A run that is to be cancelled cannot go on, not even for that.',
  RUN_UNKNOWN: 'There is no such run: not in the engine, or not in the history.',
  TASK_UNKNOWN: 'No installed task has the name, or none the version.',
  TELEMETRY_PACKAGES_MISSING: 'The configuration asks for telemetry, and a package that sends it is not installed.',
  USAGE: 'The command line is wrong.',
  WORKER_MISSING: 'What was asked for is recorded; nobody is there to carry it out and to be waited for.',
  WRITE_FAILED: 'A file cannot be written; it is as it was.',
};

test('docs/cli.md says what the commands say', async () => {
  await expect(markdown()).toMatchFileSnapshot('../../../docs/cli.md');
});

test('every key of the configuration is explained', () => {
  expect(Object.keys(keys)).toEqual(configKeys);
});

test('every error code is explained, and none that is gone', () => {
  const source = import.meta.dirname;
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  );
  const used = files.flatMap((name) =>
    [...readFileSync(path.join(source, name), 'utf8').matchAll(/\bcode: '([A-Z_]+)'/g)].map(([, code]) => code),
  );
  expect(Object.keys(codes).sort()).toEqual([...new Set(used)].sort());
});

function markdown(): string {
  const program = createProgram({ out: silent, err: silent }, async () => {});
  const leaves = program.commands.flatMap((command) => (command.commands.length > 0 ? [...command.commands] : [command]));
  return `${[
    '# The `maestro` command',
    'Results go to stdout, what accompanies them to stderr. Colours and the live task tree appear on a terminal only; `NO_COLOR` and `FORCE_COLOR` are honoured. With `--json` a command prints machine-readable output; `run` and `runs attach` print NDJSON: each event in the shape of a CloudEvent, and at last `{ "type": "result", "result": { ... } }`.',
    'Every error has a code, says what is wrong and where, and what to do next; `--verbose` (or `DEBUG=maestro`) adds causes and stack traces.',
    '## Exit codes',
    table(
      ['code', 'meaning'],
      Object.entries(exit).map(([name, code]) => [String(code), exitMeanings[name as keyof typeof exit]]),
    ),
    '## Options of every command',
    options(program),
    ...leaves.flatMap(section),
    '## Configuration',
    'The file `maestro.config.ts` (run as it is, `export default defineConfig({ ... })` from `@summit/maestro-cli`) or `maestro.config.json` is looked for in the current folder and above it, up to the root of the git working tree. Everything in it is optional. An option of the command goes before the environment, the environment before the file, the file before the default. Relative paths start from the folder of the file; in options and the environment, from the current folder. Keys that do not exist, and settings that this version does not honour, are errors.',
    table(
      ['key', 'default', 'meaning'],
      Object.entries(keys).map(([key, [byDefault, meaning]]) => [`\`${key}\``, byDefault, meaning]),
    ),
    table(
      ['environment variable', 'sets'],
      Object.entries(configVariables).map(([name, meaning]) => [`\`${name}\``, meaning]),
    ),
    '## Error codes of the command',
    'Codes of tasks are on their pages; codes in brackets, as in `[unknown-task]`, are findings of `lint`.',
    table(
      ['code', 'meaning'],
      Object.entries(codes).map(([code, meaning]) => [`\`${code}\``, meaning]),
    ),
  ].join('\n\n')}\n`;
}

function section(command: Command): string[] {
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  // Commander puts what follows the options (explanations, exit codes) at the end.
  const after = help.slice(help.lastIndexOf('show help\n') + 'show help\n'.length).trim();
  const words = command.parent?.parent ? `${command.parent.name()} ${command.name()}` : command.name();
  const usage = command.registeredArguments.map((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  const args = command.registeredArguments.map((argument) => [`\`${argument.name()}\``, argument.description]);
  return [
    `## \`${['maestro', words, ...usage].join(' ')}\``,
    `${capital(command.description())}.`,
    ...(args.length > 0 ? [table(['argument', 'meaning'], args)] : []),
    ...(command.options.length > 0 ? [options(command)] : []),
    after.replace(/Exit codes:\n([\s\S]*)$/, (_, lines: string) => `Exit codes: ${lines.trim().split('\n').map(exitCode).join('; ')}.`),
  ];
}

function exitCode(line: string): string {
  const [, code, meaning] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
  return `${code} ${meaning}`;
}

function options(command: Command): string {
  return table(
    ['option', 'meaning'],
    command.options
      .filter((option) => !option.hidden)
      .map((option) => {
        const choices =
          option.argChoices === undefined ? '' : `: ${option.argChoices.join(', ')} (default: ${String(option.defaultValue)})`;
        return [`\`${option.flags}\``, option.description + choices];
      }),
  );
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const silent = { isTTY: false, colors: { isColorSupported: false } as never, write: () => {}, line: () => {} };
