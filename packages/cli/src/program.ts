import { Command, InvalidArgumentError, Option } from 'commander';
import type { ConfigOptions } from './config/resolve.ts';
import type { Context } from './context.ts';
import { type ExitCode, exit, exitMeanings } from './exit.ts';
import type { Terminal } from './terminal/terminal.ts';
import { packageVersion } from './version.ts';

/** Runs a command's work with the context made for it. `globals` are the options that every command takes. */
export type Execute = (name: string, globals: ConfigOptions, run: (context: Context) => Promise<ExitCode>) => Promise<void>;

/** A code a command may end with; what it means is said where the general meaning is too vague. */
type Ending = keyof typeof exit | readonly [name: keyof typeof exit, meaning: string];

/**
 * The commands, their arguments and their help. Only declarations are here: a command's code is imported when it is
 * called, so that `maestro lint` never pays for loading an engine.
 */
export function createProgram(terminal: Pick<Terminal, 'out' | 'err'>, execute: Execute): Command {
  const program = new Command('maestro')
    .description('Checks, runs, approves and proves runbooks.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .exitOverride()
    // Errors are thrown by exitOverride and shown in one place.
    .configureOutput({
      writeOut: (text) => terminal.out.write(text),
      writeErr: (text) => terminal.err.write(text),
      getOutHasColors: () => terminal.out.colors.isColorSupported,
      getErrHasColors: () => terminal.err.colors.isColorSupported,
      outputError: () => {},
    })
    .option('--config <file>', 'configuration file (default: maestro.config.ts or .json here or above)')
    .option('--catalog <folder>', 'folder or package with manifests; repeat for several', collect)
    .option('--package <name>', 'npm package with tasks; repeat for several', collect)
    .option('--workspace <folder>', 'the only folder whose files tasks may touch')
    .option('--history <place>', 'file or postgres:// URL of the run history')
    .option('--verbose', 'show stack traces and causes of errors');

  /** Binds a command to its code: `run` gets the context and what commander parsed. */
  const action = (command: Command, endings: Ending[], run: (context: Context, args: string[], options: never) => Promise<ExitCode>) =>
    withEndings(command, endings).action((...parsed: unknown[]) => {
      const args = parsed.slice(0, -2).flat() as string[];
      return execute(pathOf(command), command.optsWithGlobals<ConfigOptions>(), (context) => run(context, args, command.opts() as never));
    });

  action(
    program
      .command('lint')
      .description('check manifests and the expressions in them against the installed tasks')
      .argument('[paths...]', 'files or folders (default: the catalogs of the configuration)')
      .addOption(choice('--format <format>', 'how findings are printed', ['pretty', 'json', 'github', 'sarif'], 'pretty'))
      .option('--fix', 'apply the fixes that findings offer, and report what remains')
      .option('--locked', LOCKED),
    ['ok', ['failed', 'there are findings, or --locked refuses'], 'couldNotRun'],
    async (context, paths, options) => (await import('./commands/lint.ts')).lint(context, paths, options),
  );

  action(
    inputs(
      program
        .command('plan')
        .description('show what a run would do, without running it')
        .argument('<ref>', 'runbook or workflow: name, or name@version')
        .option('--locked', LOCKED)
        .option('--json', 'print the plan as JSON'),
    ),
    ['ok', ['failed', '--locked refuses'], 'couldNotRun'],
    async (context, [ref], options) => (await import('./commands/plan.ts')).plan(context, String(ref), options),
  );

  action(
    program
      .command('graph')
      .description('draw the tasks of a runbook or workflow as a graph')
      .argument('<ref>', 'runbook or workflow: name, or name@version')
      .addOption(choice('--format <format>', 'kind of picture', ['mermaid', 'svg', 'dot'], 'mermaid'))
      .option('-o, --output <file>', 'write it to a file, over what is there'),
    ['ok', 'couldNotRun'],
    async (context, [ref], options) => (await import('./commands/graph.ts')).graph(context, String(ref), options),
  );

  action(
    program
      .command('schema')
      .description('print a JSON Schema of the manifests, with the installed tasks, for editors')
      .option('-o, --output <file>', 'write it to a file, where it is not that already')
      .option('--check', 'with --output: only tell whether the file is current'),
    ['ok', ['failed', 'the file is not current'], 'couldNotRun'],
    async (context, _, options) => (await import('./commands/schema.ts')).schema(context, options),
  );

  action(
    program
      .command('lock')
      .description('write down which versions the catalog runs with, and the content of its manifests')
      .option('--check', 'write nothing: compare the lock file with what there is')
      .addHelpText('after', LOCK_HELP),
    ['ok', ['failed', 'something deviates from the lock file'], 'couldNotRun'],
    async (context, _, options) => (await import('./commands/lock.ts')).lock(context, options),
  );

  action(
    program
      .command('outdated')
      .description('list newer versions of the tasks and workflows in use, and what updating to them breaks')
      .option('--json', 'print them as JSON')
      .addHelpText('after', OUTDATED_HELP),
    ['ok', 'couldNotRun'],
    async (context, _, options) => (await import('./commands/outdated.ts')).outdated(context, options),
  );

  action(
    program
      .command('lsp')
      .description('serve findings, hovers, completion and definitions to an editor, over the Language Server Protocol')
      .addOption(new Option('--stdio', 'over standard input and output, which is the only way there is'))
      // What editors add that start a server.
      .addOption(new Option('--clientProcessId <pid>').hideHelp()),
    [['ok', 'the editor asked for the end'], 'couldNotRun'],
    async (context) => (await import('./lsp/serve.ts')).serve(context),
  );

  const tasks = program.command('tasks').description('the installed tasks');
  action(
    tasks.command('list').description('list the installed tasks').option('--json', 'print their contracts as JSON'),
    ['ok', 'couldNotRun'],
    async (context, _, options) => (await import('./commands/tasks.ts')).listTasks(context, options),
  );
  action(
    tasks
      .command('show')
      .description('show what a task takes, gives and does')
      .argument('<name>', 'name, or name@version')
      .option('--json', 'print its contract as JSON'),
    ['ok', 'couldNotRun'],
    async (context, [name], options) => (await import('./commands/tasks.ts')).showTask(context, String(name), options),
  );

  action(
    inputs(
      program
        .command('run')
        .description('run a runbook or a workflow to its end')
        .argument('<ref>', 'runbook or workflow: name, or name@version')
        .option('--ephemeral', 'run in this process, without an engine: nothing survives it')
        .addOption(new Option('--detach', 'start it, print its id and leave it to a worker (maestro up)').conflicts('ephemeral'))
        .option('--dry-run', 'execute what changes nothing, and only show what the other tasks would do')
        .addOption(new Option('--execute', 'execute a runbook that says dryRun: true').conflicts('dryRun'))
        .option('--locked', LOCKED)
        .option('--run-id <id>', 'identity of the run; starting the same one twice starts it once')
        .option('--json', 'print events and the result as NDJSON'),
    ).addHelpText('after', RUN_HELP),
    ['ok', ['failed', 'the run failed, or --locked refuses'], 'couldNotRun', 'stopped', 'interrupted', 'terminated'],
    async (context, [ref], options) => (await import('./commands/run.ts')).run(context, String(ref), options),
  );

  for (const verb of ['approve', 'reject'] as const) {
    action(
      program
        .command(verb)
        .description(`${verb} a run that waits for a decision`)
        .argument('<runId>', 'id of the run')
        .requiredOption('--role <role>', 'the role you decide in')
        .option('--by <name>', 'who decides (default: the user of the configuration)')
        .option('--comment <text>', 'kept with the decision')
        .option('--name <decision>', 'which decision, where the run waits for several of the same role')
        .option('--digest <digest>', 'refuse unless exactly this is what is asked about'),
      ['ok', 'couldNotRun'],
      async (context, [runId], options) =>
        (await import('./commands/decide.ts')).decide(context, String(runId), verb === 'approve', options),
    );
  }

  const runs = program.command('runs').description('runs, those of the past too');
  action(
    runFilter(runs.command('list').description('list runs, newest first'))
      .option('--limit <n>', 'how many at most', wholeNumber, 50)
      .option('--before <runId>', 'only those that come after this one in the list')
      .option('--json', 'print them as NDJSON'),
    ['ok', 'couldNotRun'],
    async (context, _, options) => (await import('./commands/runs-list.ts')).listRuns(context, options),
  );
  action(
    runs
      .command('show')
      .description('show what became of a run: its tasks, attempts, errors, decisions')
      .argument('<runId>', 'id of the run')
      .option('--json', 'print all of it as JSON, with inputs and outputs'),
    ['ok', 'couldNotRun'],
    async (context, [runId], options) => (await import('./commands/runs-show.ts')).showRun(context, String(runId), options),
  );
  action(
    runs
      .command('logs')
      .description('print the events of a run, with what its tasks log')
      .argument('<runId>', 'id of the run')
      .option('--follow', 'go on until the run has ended, whoever executes it')
      .option('--task <id>', 'only of this task and what is in it: deploy, list[3], parent/deploy')
      .option('--json', 'print the events as NDJSON'),
    ['ok', 'couldNotRun', 'interrupted', 'terminated'],
    async (context, [runId], options) => (await import('./commands/runs-logs.ts')).runLogs(context, String(runId), options),
  );
  action(
    runFilter(
      runs
        .command('export')
        .description('print every event of runs as NDJSON, each in the shape of a CloudEvent, oldest run first')
        .argument('[runIds...]', 'ids of runs (default: all that the options choose)'),
    ).option('-o, --output <file>', 'write them to a file, over what is there'),
    ['ok', 'couldNotRun'],
    async (context, runIds, options) => (await import('./commands/runs-keep.ts')).exportRuns(context, runIds, options),
  );
  action(
    runs
      .command('prune')
      .description('forget runs that ended long ago, with their events')
      .requiredOption('--older-than <duration>', 'how long ago at least: 90d, 12h')
      .option('--dry-run', 'only say how many those are'),
    ['ok', 'couldNotRun'],
    async (context, _, options) => (await import('./commands/runs-keep.ts')).pruneRuns(context, options),
  );
  action(
    runs
      .command('attach')
      .description('follow a run to its end')
      .argument('<runId>', 'id of the run')
      .option('--json', 'print events and the result as NDJSON'),
    ['ok', ['failed', 'the run failed'], 'couldNotRun', 'stopped', 'interrupted', 'terminated'],
    async (context, [runId], options) => (await import('./commands/runs.ts')).attachRun(context, String(runId), options),
  );
  action(
    runs
      .command('cancel')
      .description('cancel a run: what is on is stopped, what was done is undone')
      .argument('<runId>', 'id of the run')
      .addOption(new Option('--wait', 'until it has ended').conflicts('kill'))
      .option('--kill', 'end it in the engine at once, where a cancel has no effect: nothing is undone'),
    ['ok', ['failed', 'the run had ended, or comes to another end'], 'couldNotRun'],
    async (context, [runId], options) => (await import('./commands/runs-control.ts')).cancelRun(context, String(runId), options),
  );
  const again = (command: Command) =>
    command
      .argument('<runId>', 'id of the run')
      .option('--ephemeral', 'run in this process, without an engine: nothing survives it')
      .addOption(new Option('--detach', 'start it, print its id and leave it to a worker (maestro up)').conflicts('ephemeral'))
      .option('--run-id <id>', 'identity of the new run; starting the same one twice starts it once')
      .option('--json', 'print events and the result as NDJSON');
  const ends: Ending[] = ['ok', ['failed', 'the run failed'], 'couldNotRun', 'stopped', 'interrupted', 'terminated'];
  action(
    again(runs.command('retry').description('run a failed or cancelled run again from where it failed, as a new run')).addHelpText(
      'after',
      RETRY_HELP,
    ),
    ends,
    async (context, [runId], options) => (await import('./commands/again.ts')).retryRun(context, String(runId), options),
  );
  action(
    again(
      runs
        .command('rerun')
        .description('run a run again from its start with the same inputs, as a new run')
        .option('--same-version', 'with the very plan it had; without it, with the runbook as it is now'),
    ),
    ends,
    async (context, [runId], options) => (await import('./commands/again.ts')).rerunRun(context, String(runId), options),
  );
  action(
    runs.command('pause').description('have a run begin nothing more until it is resumed').argument('<runId>', 'id of the run'),
    ['ok', ['failed', 'the run had ended'], 'couldNotRun'],
    async (context, [runId]) => (await import('./commands/runs-control.ts')).pauseRun(context, String(runId)),
  );
  action(
    runs
      .command('resume')
      .description('have a run go on that is paused or stuck')
      .argument('[runId]', 'id of the run')
      .option('--all', 'every run that is stuck or could not go on; not those that a person has paused')
      .option('--deployment <id>', "on another version of the worker: the engine's id of it, or latest"),
    ['ok', ['failed', 'the run had ended; with --all, one could not be resumed'], 'couldNotRun'],
    async (context, [runId], options) =>
      (await import('./commands/runs-resume.ts')).resumeRuns(context, runId === undefined ? undefined : String(runId), options),
  );

  action(
    program
      .command('verify')
      .description('check a disclosure bundle: every hash, the signature, nothing added, nothing removed')
      .argument('<bundle>', 'the zip file')
      .option('--key <file>', 'public key (PEM) that must have signed it')
      .option('--json', 'print the result as JSON'),
    ['ok', ['failed', 'the bundle is not what was made, or not signed with the key'], 'couldNotRun'],
    async (context, [bundle], options) => (await import('./commands/verify.ts')).verify(context, String(bundle), options),
  );

  action(
    program
      .command('up')
      .description('start the engine and a worker, continue unfinished runs, until Ctrl-C')
      .option('--json', 'print events as NDJSON'),
    [
      ['ok', 'stopped with Ctrl-C or SIGTERM'],
      'couldNotRun',
      ['interrupted', 'a second Ctrl-C, while stopping'],
      ['terminated', 'a second SIGTERM, while stopping'],
    ],
    async (context, _, options) => (await import('./commands/up.ts')).up(context, options),
  );

  action(
    program
      .command('worker')
      .description('join a Restate server or cluster as a worker, until Ctrl-C or SIGTERM')
      .option('--pool <name>', 'pool to serve, default being the one that walks runs; repeat for several', collect)
      .option('--host <address>', 'address to listen on for Restate')
      .addOption(portOption('--port <port>', 'port to listen on for Restate (default: 9080)'))
      .option('--advertised-url <url>', "how Restate reaches this version's workers, e.g. the balancer in front of them")
      .addOption(portOption('--health-port <port>', 'port that serves /healthz and /readyz (default: 9081)'))
      .option('--drain <duration>', 'how long attempts may take to finish after the signal (default: 25s)')
      .option('--release <text>', 'part of the version, e.g. the tag of the image')
      .option('--no-register', 'whoever deploys the worker makes it known to Restate, e.g. the Restate operator')
      .option('--allow-unsigned', 'execute requests that Restate has not signed: whoever reaches the port may execute tasks')
      .option('--json', 'print events as NDJSON')
      .addHelpText('after', WORKER_HELP),
    [
      ['ok', 'stopped with Ctrl-C or SIGTERM'],
      'couldNotRun',
      ['interrupted', 'a second Ctrl-C, while stopping'],
      ['terminated', 'a second SIGTERM, while stopping'],
    ],
    async (context, _, options) => (await import('./commands/worker.ts')).worker(context, options),
  );

  const deployments = program.command('deployments').description('versions of workers that a Restate server knows');
  action(
    deployments.command('list').description('list them, with how many runs they still have').option('--json', 'print them as JSON'),
    ['ok', 'couldNotRun'],
    async (context, _, options) => (await import('./commands/deployments.ts')).listDeployments(context, options),
  );
  action(
    deployments
      .command('use')
      .description('have new runs start with a version again, after a roll-back')
      .argument('<id>', 'id of the deployment'),
    ['ok', 'couldNotRun'],
    async (context, [id]) => (await import('./commands/deployments.ts')).useDeployment(context, String(id)),
  );
  action(
    deployments
      .command('remove')
      .description('have Restate forget versions without runs')
      .argument('[id]', 'id of the deployment (default: all that are drained)'),
    ['ok', 'couldNotRun'],
    async (context, [id]) => (await import('./commands/deployments.ts')).removeDeployments(context, id),
  );

  const create = program.command('new').description('start a task or a runbook, with a test');
  action(
    create
      .command('task')
      .description('write the file of a new task and its test')
      .argument('<name>', 'tasks/x, connectors/x.y or ops/x.y')
      .option('--dir <folder>', 'source folder of the task package (default: src, in a task package)'),
    ['ok', 'couldNotRun'],
    async (context, [name], options) => (await import('./commands/new.ts')).newTask(context, String(name), options),
  );
  action(
    create
      .command('runbook')
      .description('write the manifest of a new runbook and its test')
      .argument('<name>', 'kebab-case')
      .option('--dir <folder>', 'catalog folder (default: the first catalog of the configuration)'),
    ['ok', 'couldNotRun'],
    async (context, [name], options) => (await import('./commands/new.ts')).newRunbook(context, String(name), options),
  );
  return program;
}

/** As the worker's history names them; not imported from there, for that would load it. */
const RUN_STATES = ['queued', 'awaiting-approval', 'running', 'succeeded', 'failed', 'cancelled'];

const LOCKED = 'refuse what deviates from the lock file: versions, contracts, manifests';

const LOCK_HELP = `
The file is maestro.lock.yaml in the first catalog folder; it covers all catalogs. While it is there, every reference that it
names resolves to the version it names; --locked refuses to go on when anything is not as it says. Running lock again
resolves every reference to the highest version that is installed and satisfies it.`;

const OUTDATED_HELP = `
CURRENT is what a reference resolves to, WANTED the highest version that satisfies it (maestro lock takes that one), LATEST
the highest there is. CONTRACT says whether a manifest written for the current version fits the latest one.`;

const RUN_HELP = `
Missing required inputs are asked for on a terminal. Approvals are asked for on a terminal as well; elsewhere the run
waits, and the commands that decide are printed. Ctrl-C on a terminal asks whether to leave the run or to cancel it;
elsewhere SIGINT and SIGTERM leave a durable run (maestro runs attach follows it again) and cancel an --ephemeral one.`;

const RETRY_HELP = `
The plan and the inputs are those of the run, to the letter. What succeeded is not executed again, unless it was undone or is
built on what is executed again. Roles and installed tasks are checked, and approvals asked for, as for any run.`;

const WORKER_HELP = `
On the first signal the worker takes nothing new, is not ready any more, lets attempts finish for the time of --drain, and hands
the rest back to Restate, which has another worker do it. Runs finish on the code they started with: every version of the worker
needs an address of its own (--advertised-url), and maestro deployments list shows when an old one has no runs any more.
docs/workers.md tells the rest.`;

function portOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value) => {
    const port = Number(value);
    if (!/^\d{1,5}$/.test(value) || port > 65_535) throw new InvalidArgumentError('It is no port, 0 to 65535.');
    return port;
  });
}

function inputs(command: Command): Command {
  return command
    .option('--input <name=value>', 'one input; repeat for several', collect)
    .option('--inputs <file>', 'inputs from a YAML or JSON file; - reads standard input');
}

function choice(flags: string, description: string, values: string[], fallback: string): Option {
  return new Option(flags, description).choices(values).default(fallback);
}

/** Options that choose runs. */
function runFilter(command: Command): Command {
  return command
    .option(`--status <status>`, `only in this state; repeat for several: ${RUN_STATES.join(', ')}`, runState)
    .option('--runbook <ref>', 'only of this runbook or workflow: name, or name@version')
    .option('--initiator <id>', 'only those that this user started')
    .option('--since <when>', 'only those created since: 2h, 7d, or a date like 2026-03-01 or 2026-03-01T12:00')
    .option('--until <when>', 'only those created before');
}

function runState(value: string, before: string[] | undefined): string[] {
  if (!RUN_STATES.includes(value)) throw new InvalidArgumentError(`There are: ${RUN_STATES.join(', ')}.`);
  return [...(before ?? []), value];
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return number;
}

function collect(value: string, before: string[] | undefined): string[] {
  if (value === '') throw new InvalidArgumentError('It is empty.');
  return [...(before ?? []), value];
}

function withEndings(command: Command, endings: Ending[]): Command {
  const lines = endings.map((ending) => {
    const [name, meaning] = typeof ending === 'string' ? [ending, exitMeanings[ending]] : ending;
    return `  ${String(exit[name]).padEnd(4)} ${meaning}`;
  });
  return command.addHelpText('after', `\nExit codes:\n${lines.join('\n')}`);
}

/** `tasks show` */
function pathOf(command: Command): string {
  const parent = command.parent;
  return parent?.parent ? `${pathOf(parent)} ${command.name()}` : command.name();
}
