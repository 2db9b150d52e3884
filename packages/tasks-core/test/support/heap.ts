import { strictEqual } from 'node:assert';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How many executions a growth test makes: few, or as many as `MAESTRO_TEST_GROWTH` says (10,000 where there is time). */
export function growthExecutions(short: number): number {
  const text = process.env.MAESTRO_TEST_GROWTH;
  if (text === undefined || text === '') return short;
  const times = Number(text);
  if (!Number.isSafeInteger(times) || times < 100)
    throw new Error(`MAESTRO_TEST_GROWTH must be a number of executions from 100 on, found ${JSON.stringify(text)}`);
  return times;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of heap in use, once what nobody holds is gone. */
export async function heapInUse(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

/** Prints what the heap grew by, and hands it on. */
export function reportGrowth(what: string, executions: number, bytes: number): number {
  process.stdout.write(
    `${what}: heap grew by ${(bytes / 1024).toFixed(0)} KiB in ${executions} executions, ${(bytes / executions).toFixed(0)} bytes each\n`,
  );
  return bytes;
}

/**
 * An execution that must fail, with this code or message. For loops whose growth is looked at: vitest keeps what `expect(...).rejects` was
 * given until the end of the test, which would be the growth that is seen.
 */
export async function mustFail(execution: Promise<unknown>, code: string): Promise<void> {
  const error = await execution.then(
    () => undefined,
    (error: unknown) => error as { code?: string; message: string },
  );
  strictEqual(error?.code ?? error?.message, code);
}
