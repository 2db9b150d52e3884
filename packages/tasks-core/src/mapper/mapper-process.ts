import { type ChildProcess, spawn } from 'node:child_process';
import { parse } from 'node:path';
import { InvalidInputError, TaskError } from '@summit/maestro-sdk';
import { CHILD, LARGEST_ROW } from './child.ts';

/** What a mapper may use. */
export interface MapperLimits {
  /** Of its heap. */
  memoryMb: number;
  /** For a batch of rows, and for its start, in milliseconds. */
  timeoutMs: number;
}

/** What became of a row. */
export type MappedRow = { value: unknown } | { problem: string };

/** JSON of all that comes back for one batch, in UTF-16 units. */
const LARGEST_BATCH = 64 * 1024 * 1024;
/** The process watches the time itself; if it does not, it is ended this much later. */
const GRACE_MS = 2_000;
/** How V8 ends a process whose heap is full, or that asks for more than there can be. */
const OUT_OF_MEMORY = new Set<string | number | null>(['SIGABRT', 'SIGTRAP', 'SIGILL', 134, 133, 132]);

const FLAGS = [
  // No files, no processes, no threads, no addons.
  '--permission',
  '--no-addons',
  '--disallow-code-generation-from-strings',
  '--unhandled-rejections=none',
  '--no-warnings',
];

/**
 * A mapper in a process of its own. A thread would not do: V8 ends the whole process, not the thread, when a thread allocates past its limit.
 */
export class MapperProcess {
  readonly #child: ChildProcess;
  readonly #limits: MapperLimits;
  readonly #ended: Promise<void>;
  #lines: string[] = [];
  #rest = '';
  #received = 0;
  #waiting: { resolve: (lines: string[]) => void; reject: (error: Error) => void } | undefined;
  #problem: Error | undefined;

  /**
   * Starts the process, and has it compile the code. It ends with the signal, whose reason is what is rejected with then.
   * Rejects with `MAPPER_INVALID`, or as {@link map}.
   */
  static async start(code: string, vars: unknown, limits: MapperLimits, signal: AbortSignal): Promise<MapperProcess> {
    signal.throwIfAborted();
    const started = new MapperProcess(limits, signal);
    try {
      await started.#ask({ code, vars: JSON.stringify(vars), timeoutMs: limits.timeoutMs });
    } catch (error) {
      await started.close();
      throw error;
    }
    return started;
  }

  private constructor(limits: MapperLimits, signal: AbortSignal) {
    this.#limits = limits;
    const memory = [`--max-old-space-size=${limits.memoryMb}`, '--max-semi-space-size=8', '--stack-size=800'];
    const { root } = parse(process.execPath);
    this.#child = spawn(process.execPath, [...FLAGS, ...memory, '--input-type=commonjs', '--eval', CHILD], {
      env: {},
      cwd: root,
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
    const { stdin, stdout } = this.#child;
    // It may end while it is written to; that it ended is what counts.
    stdin?.on('error', () => {});
    stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    const abort = () => {
      this.#fail(signal.reason);
      this.kill();
    };
    signal.addEventListener('abort', abort, { once: true });
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (cause) => {
        this.#fail(
          TaskError.transient('MAPPER_START_FAILED', `the process of the mapper could not be started: ${cause.message}`, { cause }),
        );
        resolve();
      });
      this.#child.once('close', (code, by) => {
        signal.removeEventListener('abort', abort);
        this.#fail(this.#endedBy(code, by));
        resolve();
      });
    });
  }

  /**
   * Maps rows. Rejects with `MAPPER_TIMEOUT`, `MAPPER_OUT_OF_MEMORY`, `MAPPER_OUTPUT_TOO_LARGE` or `MAPPER_FAILED`; the process is over then.
   */
  async map(rows: readonly { index: number; row: unknown }[]): Promise<MappedRow[]> {
    const lines = await this.#ask(rows);
    if (lines.length !== rows.length) throw failed(`it answered ${lines.length} of ${rows.length} rows`);
    return lines.map((line) => {
      if (line.startsWith('=')) return { value: JSON.parse(line.slice(1)) as unknown };
      if (line.startsWith('!')) return { problem: String(JSON.parse(line.slice(1))) };
      throw failed('it answered something else than rows');
    });
  }

  /** Ends the process at once; what is waited for rejects. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Ends the process and waits for its end; what is waited for rejects with `reason`. */
  async close(reason?: Error): Promise<void> {
    if (reason) this.#fail(reason);
    this.kill();
    await this.#ended;
  }

  async #ask(request: unknown): Promise<string[]> {
    if (this.#problem) throw this.#problem;
    this.#received = 0;
    const limit = this.#limits.timeoutMs + GRACE_MS;
    const timer = setTimeout(() => {
      this.#fail(this.#tooSlow());
      this.kill();
    }, limit);
    try {
      return await new Promise<string[]>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  #read(text: string): void {
    this.#received += text.length;
    if (this.#received > LARGEST_BATCH) {
      this.#fail(tooLarge(`a batch of rows is larger than ${LARGEST_BATCH / 1024 / 1024} MiB of JSON`));
      this.kill();
      return;
    }
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() as string;
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    switch (line[0]) {
      case '.': {
        const lines = this.#lines;
        this.#lines = [];
        this.#waiting?.resolve(lines);
        this.#waiting = undefined;
        return;
      }
      case 'S':
        this.#fail(
          new InvalidInputError(`mapper: ${String(JSON.parse(line.slice(1)))}; expected the body of a JavaScript function`, {
            code: 'MAPPER_INVALID',
          }),
        );
        return;
      case 'T':
        this.#fail(this.#tooSlow());
        return;
      case 'L':
        this.#fail(tooLarge(`a row is larger than ${LARGEST_ROW / 1024 / 1024} MiB of JSON`));
        return;
      case 'X':
        this.#fail(failed('it ended in a way that code does not'));
        return;
      default:
        this.#lines.push(line);
    }
  }

  /** The first reason counts. */
  #fail(problem: Error): void {
    this.#problem ??= problem;
    this.#waiting?.reject(this.#problem);
    this.#waiting = undefined;
  }

  #endedBy(code: number | null, signal: NodeJS.Signals | null): TaskError {
    if (!OUT_OF_MEMORY.has(signal ?? code)) return failed(`its process ended with ${signal ?? code}`);
    return TaskError.terminal('MAPPER_OUT_OF_MEMORY', `the mapper needed more than its ${this.#limits.memoryMb} MB of memory`);
  }

  #tooSlow(): TaskError {
    return TaskError.terminal('MAPPER_TIMEOUT', `the mapper took longer than ${this.#limits.timeoutMs} ms for a batch of rows`);
  }
}

function tooLarge(what: string): TaskError {
  return TaskError.terminal('MAPPER_OUTPUT_TOO_LARGE', `the mapper returned too much: ${what}`);
}

function failed(why: string): TaskError {
  return TaskError.terminal('MAPPER_FAILED', `the mapper failed: ${why}`);
}
