import { processIo } from './io.ts';
import { runCli } from './run-cli.ts';

/** How long what a finished command has left open may keep the process alive, in milliseconds. */
const LINGER_MS = 1_000;

/**
 * Runs the command line of this process and lets it end. Not with `process.exit` at once: on a busy machine Node 24 can then wait
 * for ever for a compiler thread that itself waits for a garbage collection. But an open handle of a task's client
 * must not keep a finished command alive either.
 */
export async function main(): Promise<void> {
  const code = await runCli(process.argv.slice(2), processIo());
  process.exitCode = code;
  setTimeout(() => process.exit(code), LINGER_MS).unref();
}
