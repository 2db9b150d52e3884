import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { command, output } from './screen.ts';

const BIN = join(import.meta.dirname, '..', 'bin', 'maestro.js');

/** Runs `maestro` with `args` in `cwd`, shows the command and what it prints, and returns its exit code and output. */
export async function maestro(
  cwd: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; text: string }> {
  command(`maestro ${args.map(quoted).join(' ')}`);
  const child = spawn(process.execPath, [BIN, ...args], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (text !== '') output(text);
  return { code, text };
}

/** A `maestro` that goes on while the demo does something else; its NDJSON lines are read one by one. */
export class Background {
  readonly process: ChildProcess;
  readonly #lines: Record<string, unknown>[] = [];
  readonly #closed: Promise<number | null>;
  #text = '';
  #wake: () => void = () => {};
  #ended = false;

  constructor(cwd: string, args: string[]) {
    command(`maestro ${args.map(quoted).join(' ')}`);
    const child = spawn(process.execPath, [BIN, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    this.process = child;
    createInterface(child.stdout).on('line', (line) => {
      this.#lines.push(JSON.parse(line) as Record<string, unknown>);
      this.#wake();
    });
    child.stderr.on('data', (chunk) => (this.#text += chunk));
    this.#closed = new Promise((resolve) =>
      child.on('close', (code) => {
        this.#ended = true;
        this.#wake();
        resolve(code);
      }),
    );
  }

  /** The first line that `matches`, waited for. */
  async line(what: string, matches: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.#lines.find(matches);
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`maestro ended before: ${what}\n${this.#text}\n${JSON.stringify(this.#lines.at(-1))}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  closed(): Promise<number | null> {
    return this.#closed;
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }
}

function quoted(word: string): string {
  return /^[\w@./:=-]+$/.test(word) ? word : `'${word}'`;
}
