/**
 * Packages in a process of its own: `node package-child.ts '<workspace>' '<payload as JSON>'`.
 * Prints `{"output":...}` or `{"error":{code,message,retryable}}`.
 */
import type { RunContext } from '@summit/maestro-sdk';
import { isTaskError } from '@summit/maestro-sdk';
import disclosurePackage from '@summit/maestro-tasks-core/ops/disclosure.package';

const [workspace, payload] = process.argv.slice(2) as [string, string];
process.stdout.write('{"started":true}\n');
try {
  const { payload: output } = await disclosurePackage.execute({ workspace } as RunContext, { payload: JSON.parse(payload) as never });
  process.stdout.write(`${JSON.stringify({ output, maxRss: process.resourceUsage().maxRSS })}\n`);
} catch (error) {
  const { message, ...rest } = error as Error & Record<string, unknown>;
  process.stdout.write(
    `${JSON.stringify({ error: { message, ...(isTaskError(error) ? { code: error.code, retryable: error.retryable } : rest) } })}\n`,
  );
}
