import type { ResolvedConfig } from './config/config.ts';
import { resolveConfig } from './config/resolve.ts';
import type { Context } from './context.ts';
import { CliError, systemReason } from './errors.ts';
import { type ExitCode, exit } from './exit.ts';
import type { Io } from './io.ts';
import { createProgram } from './program.ts';
import { showError } from './terminal/error.ts';
import { openTerminal } from './terminal/terminal.ts';

/**
 * The `maestro` command as a function: runs `argv` (without node and script) and resolves to what the process should
 * end with. Never throws; every error is shown on `io.stderr`. Touches nothing of the process but what `io` holds.
 */
export async function runCli(argv: readonly string[], io: Io): Promise<ExitCode> {
  const terminal = openTerminal(io);
  const verbose = argv.includes('--verbose') || /(^|[\s,])(\*|maestro)/.test(io.env.DEBUG ?? '');
  let code: ExitCode = exit.ok;
  let command: string | undefined;
  const program = createProgram(terminal, async (name, globals, run) => {
    command = name;
    let config: Promise<ResolvedConfig> | undefined;
    const context: Context = {
      io,
      terminal,
      globals,
      verbose,
      config: () => {
        config ??= resolveConfig(globals, io);
        return config;
      },
    };
    code = await run(context);
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    code = showError(error, terminal.err, {
      verbose,
      ...named(
        command ??
          mentioned(
            argv,
            program.commands.map((sub) => sub.name()),
          ),
      ),
    });
  }
  await terminal.flush();
  const failure = terminal.failure();
  if (failure !== undefined) {
    const error = new CliError(`the output could not be written: ${systemReason(failure)}`, { code: 'OUTPUT_FAILED', cause: failure });
    code = showError(error, terminal.err, { verbose });
  }
  terminal.release();
  return code;
}

function named(command: string | undefined): { command?: string } {
  return command === undefined ? {} : { command };
}

function mentioned(argv: readonly string[], names: string[]): string | undefined {
  return argv.find((arg) => names.includes(arg));
}
