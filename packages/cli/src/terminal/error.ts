import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { printable } from '../text.ts';
import type { Channel } from './terminal.ts';

/** An error as it is shown: what, where, what to do next. */
interface Shown {
  code: string;
  message: string;
  problems: string[];
  next?: string;
  exitCode: ExitCode;
}

/** The one place that errors are shown in. Returns what the process ends with. */
export function showError(error: unknown, err: Channel, options: { verbose: boolean; command?: string }): ExitCode {
  if (error instanceof CommanderError && isAnswer(error)) return error.exitCode === 0 ? exit.ok : exit.couldNotRun;
  const shown = describeError(error, options);
  const { bold, dim, red } = err.colors;
  err.line(`${red(bold('error'))} ${bold(shown.code)}: ${printable(shown.message).replaceAll('\n', '\n  ')}`);
  for (const problem of shown.problems) err.line(`  - ${printable(problem)}`);
  if (shown.next !== undefined) err.line(`  ${dim('next:')} ${printable(shown.next)}`);
  if (options.verbose) err.line(dim(inspect(error, { depth: 6 })));
  return shown.exitCode;
}

/** Help and version arrive as errors, already printed. */
function isAnswer(error: CommanderError): boolean {
  return error.code === 'commander.version' || error.code.startsWith('commander.help');
}

function describeError(error: unknown, { command }: { command?: string }): Shown {
  if (error instanceof CommanderError) return usageError(error, command);
  if (error instanceof CliError) {
    const { code, message, problems, exitCode } = error;
    return error.next === undefined ? { code, message, problems, exitCode } : { code, message, problems, next: error.next, exitCode };
  }
  if (isCoded(error)) {
    return { code: error.code, message: error.message, problems: problemsIn(error.details), exitCode: exit.couldNotRun };
  }
  return {
    code: 'INTERNAL',
    message: error instanceof Error ? `${error.name}: ${error.message}` : inspect(error),
    problems: [],
    next: 'this should not happen: run it again with --verbose and report what it prints',
    exitCode: exit.couldNotRun,
  };
}

/** Commander's own wording, with its suggestion on the same line. */
function usageError(error: CommanderError, command: string | undefined): Shown {
  const message = error.message
    .replace(/^error: /, '')
    .replace(
      /\n\(Did you mean (one of )?(.*)\?\)$/,
      (_, several: string | undefined, names: string) => `; did you mean ${several ?? ''}${names}?`,
    );
  const next = `see maestro ${command === undefined ? '' : `${command} `}--help`;
  return { code: 'USAGE', message, problems: [], next, exitCode: exit.couldNotRun };
}

interface Coded {
  code: string;
  message: string;
  details?: unknown;
}

/** A TaskError of any copy of the SDK: its codes are upper case and stable. Node's own codes are not for operators. */
function isCoded(error: unknown): error is Coded {
  return error instanceof Error && 'retryable' in error && 'code' in error && typeof error.code === 'string';
}

/** Several findings that an error carries as `details`, where they are messages. */
function problemsIn(details: unknown): string[] {
  if (!Array.isArray(details)) return [];
  return details.flatMap((item: unknown) => {
    if (typeof item === 'string') return [item];
    const message = typeof item === 'object' && item !== null && 'message' in item ? item.message : undefined;
    return typeof message === 'string' ? [message] : [];
  });
}
