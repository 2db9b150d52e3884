import { createInterface, type Interface } from 'node:readline';
import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { Terminal } from './terminal.ts';

/** Asks questions on a terminal, one line each. Close it, or the process waits for more input. */
export interface Prompt {
  /**
   * The trimmed answer to `question`. Aborting `signal` takes the question back: it rejects with the signal's reason.
   * The end of input (Ctrl-D) rejects with a {@link CliError} `INPUT_ENDED`.
   */
  ask(question: string, signal?: AbortSignal): Promise<string>;
  /** Asks until the answer is one of `choices`, by its first letter or whole; an empty answer is `fallback`. */
  choose<T extends string>(question: string, choices: readonly T[], options?: { fallback?: T; signal?: AbortSignal }): Promise<T>;
  close(): void;
}

/** Opens the terminal for questions, at the first of them. The line editor is the terminal's own, so Ctrl-C stays a signal. */
export function openPrompt(io: Pick<Io, 'stdin'>, terminal: Pick<Terminal, 'out'>): Prompt {
  let lines: Interface | undefined;
  let ended = false;
  const typed: string[] = [];
  let waiting: ((line: string | undefined) => void) | undefined;

  const open = () => {
    if (lines !== undefined) return;
    lines = createInterface({ input: io.stdin, terminal: false, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (line) => {
      if (waiting === undefined) typed.push(line);
      else waiting(line);
    });
    lines.on('close', () => {
      ended = true;
      waiting?.(undefined);
    });
  };

  const nextLine = (signal: AbortSignal | undefined) =>
    new Promise<string | undefined>((resolve, reject) => {
      const early = typed.shift();
      if (early !== undefined || ended) return resolve(early);
      const settle = (line: string | undefined) => {
        waiting = undefined;
        signal?.removeEventListener('abort', onAbort);
        resolve(line);
      };
      const onAbort = () => {
        if (waiting === settle) waiting = undefined;
        terminal.out.line();
        reject(signal?.reason);
      };
      waiting = settle;
      signal?.addEventListener('abort', onAbort, { once: true });
    });

  const ask = async (question: string, signal?: AbortSignal): Promise<string> => {
    signal?.throwIfAborted();
    open();
    terminal.out.write(`${question} `);
    const line = await nextLine(signal);
    if (line === undefined) {
      terminal.out.line();
      throw new CliError('the input ended before the question was answered', { code: 'INPUT_ENDED' });
    }
    return line.trim();
  };

  return {
    ask,
    async choose(question, choices, { fallback, signal } = {}) {
      const shown = choices.map((choice) => (choice === fallback ? choice.toUpperCase() : choice)).join('/');
      for (;;) {
        const answer = (await ask(`${question} [${shown}]`, signal)).toLowerCase();
        if (answer === '' && fallback !== undefined) return fallback;
        const chosen = choices.find((choice) => answer !== '' && choice.startsWith(answer));
        if (chosen !== undefined) return chosen;
        terminal.out.line(`please answer one of: ${choices.join(', ')}`);
      }
    },
    close() {
      lines?.close();
    },
  };
}
