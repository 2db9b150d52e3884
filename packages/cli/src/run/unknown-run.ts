import { commandLine } from '../command-line.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { printable } from '../text.ts';

/** What a command says that was given an id which the history does not have. */
export function unknownRun(context: Context, runId: string): CliError {
  return new CliError(`the history knows no run ${printable(runId)}`, {
    code: 'RUN_UNKNOWN',
    next: `${commandLine(context, ['runs', 'list'])} shows the runs it has`,
  });
}
