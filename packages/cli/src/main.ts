import { processIo } from './io.ts';
import { runCli } from './run-cli.ts';

/** Runs the command line of this process and ends it. */
export async function main(): Promise<never> {
  const code = await runCli(process.argv.slice(2), processIo());
  // Not left to the event loop: an open handle of a task's client must not keep a finished command alive.
  process.exit(code);
}
