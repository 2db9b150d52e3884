import { PassThrough } from 'node:stream';
import type { ExitCode } from './exit.ts';
import type { Io, SignalName } from './io.ts';
import { runCli } from './run-cli.ts';

/** How a command is started by a test. */
export interface StartOptions {
  /** Default: the current folder. */
  cwd?: string;
  /** The whole environment; default: PATH and HOME of this process. */
  env?: Record<string, string>;
  /** Whether a person sits at it; default false. */
  terminal?: boolean;
  /** What is piped in; absent and without a terminal: nothing. */
  stdin?: string;
}

/** What a command did. */
export interface Finished {
  code: ExitCode;
  stdout: string;
  stderr: string;
}

/** A command that is running in this process. */
export interface Running {
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when `pattern` has been printed on either stream after what earlier calls found; rejects when the command ends without it. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Types a line. */
  type(line: string): void;
  signal(name: SignalName): void;
  finished: Promise<Finished>;
}

/** Runs a command to its end in this process: `const { code, stdout } = await execute(['lint', file])`. */
export function execute(argv: readonly string[], options: StartOptions = {}): Promise<Finished> {
  return start(argv, options).finished;
}

/** Starts a command in this process, to talk to it while it runs. */
export function start(argv: readonly string[], options: StartOptions = {}): Running {
  const text = { stdout: '', stderr: '', all: '' };
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const listeners = new Map<SignalName, Set<() => void>>();
  let seen = 0;
  let ended = false;
  let wake = () => {};
  for (const name of ['stdout', 'stderr'] as const) {
    streams[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      text.all += chunk;
      wake();
    });
  }
  const stdin = new PassThrough();
  if (options.stdin !== undefined) stdin.end(options.stdin);
  else if (!options.terminal) stdin.end();
  const isTTY = options.terminal ?? false;
  const io: Io = {
    stdin,
    ...streams,
    env: options.env ?? { PATH: process.env.PATH, HOME: process.env.HOME },
    cwd: options.cwd ?? process.cwd(),
    isTTY: { stdin: isTTY, stdout: isTTY, stderr: isTTY },
    columns: () => 100,
    onSignal(signal, listener) {
      const set = listeners.get(signal) ?? new Set();
      listeners.set(signal, set.add(listener));
      return () => set.delete(listener);
    },
  };
  const finished = runCli(argv, io).then((code) => {
    ended = true;
    wake();
    return { code, stdout: text.stdout, stderr: text.stderr };
  });
  return {
    get stdout() {
      return text.stdout;
    },
    get stderr() {
      return text.stderr;
    },
    async printed(pattern) {
      for (;;) {
        const found = text.all.slice(seen).match(pattern);
        if (found !== null) {
          seen += (found.index ?? 0) + found[0].length;
          return found;
        }
        if (ended)
          throw new Error(
            `the command ended and never printed ${pattern}; after what was found before, it printed:\n${text.all.slice(seen)}`,
          );
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    type: (line) => void stdin.write(`${line}\n`),
    signal(name) {
      for (const listener of [...(listeners.get(name) ?? [])]) listener();
    },
    finished,
  };
}
