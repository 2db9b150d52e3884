import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const BIN = fileURLToPath(new URL('../bin/maestro.js', import.meta.url));

/** A `maestro` process of its own. */
export interface Process {
  child: ChildProcess;
  stdout: string;
  stderr: string;
  /** Resolves when `pattern` is on either stream; rejects when the process ends without it. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
  /** The exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
}

/** Starts `maestro` with a small environment, `within` a command that becomes it; it is killed when the test ends. */
export function maestro(
  cwd: string,
  argv: string[],
  options: { env?: Record<string, string>; node?: string[]; within?: string[] } = {},
): Process {
  const { PATH = '', HOME = '' } = process.env;
  const [command = '', ...args] = [...(options.within ?? []), process.execPath, ...(options.node ?? []), BIN, ...argv];
  const child = spawn(command, args, {
    cwd,
    env: { PATH, HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let wake = () => {};
  let over = false;
  const running: Process = {
    child,
    stdout: '',
    stderr: '',
    async printed(pattern) {
      for (;;) {
        const found = running.stdout.match(pattern) ?? running.stderr.match(pattern);
        if (found !== null) return found;
        if (over) throw new Error(`maestro ${argv.join(' ')} ended and never printed ${pattern}:\n${running.stdout}\n${running.stderr}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    ended: new Promise((resolve) => {
      child.on('close', (code, signal) => {
        over = true;
        wake();
        resolve(code ?? signal);
      });
    }),
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      running[name] += chunk;
      wake();
    });
  }
  return running;
}
