import { processIo } from './io.ts';
import { runCli } from './run-cli.ts';

/** How long a finished command waits for what is still open, such as a connection that a task's client keeps. */
const GRACE_MS = 500;

/**
 * Runs the command line of this process, which then ends with its exit code.
 *
 * It ends by itself as soon as nothing is open. `process.exit` at once would now and then hang for ever: Node 24 joins its
 * compiler threads there, and one of them may be waiting for the main thread to collect garbage (nodejs/node#64274).
 */
export async function main(): Promise<void> {
  const code = await runCli(process.argv.slice(2), processIo());
  process.exitCode = code;
  setTimeout(() => process.exit(code), GRACE_MS).unref();
}
